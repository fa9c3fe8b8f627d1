package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogin"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/promtool"
	"github.com/tacho-go/tacho/schema"
)

// A measured is a running service with metrics, and its traffic.
type measured struct {
	address string // of /metrics
	visit   func() // makes the service's requests once
}

// requests makes each request once, in which "POST /x" has a body.
func requests(base string, all ...string) func() {
	return func() {
		for _, r := range all {
			method, path, _ := strings.Cut(r, " ")
			var body io.Reader
			if method == http.MethodPost {
				body = strings.NewReader("twelve bytes")
			}
			req, err := http.NewRequest(method, base+path, body)
			if err != nil {
				continue
			}
			if resp, err := http.DefaultClient.Do(req); err == nil { // a panic closes the connection
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
	}
}

func ginService(t *testing.T, o tacho.Options) measured {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	m := tachogin.Use(r, o)
	r.GET("/items/:id", func(c *gin.Context) { c.String(http.StatusOK, "an item") })
	r.POST("/orders", func(c *gin.Context) { _, _ = io.Copy(io.Discard, c.Request.Body); c.Status(http.StatusCreated) })
	r.GET("/fail", func(c *gin.Context) { c.Status(http.StatusBadGateway) })
	r.GET("/panic", func(*gin.Context) { panic("on purpose") })
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	incoming := requests(srv.URL, "GET /items/7", "GET /items/8", "POST /orders", "GET /fail", "GET /panic")
	outgoing := calls(t, m.Transport(nil, "127.0.0.1"))
	return measured{strings.TrimPrefix(srv.URL, "http://"), func() { incoming(); outgoing() }}
}

// calls makes outgoing requests: one that succeeds, one that fails, and one without a response.
func calls(t *testing.T, through http.RoundTripper) func() {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fail" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(other.Close)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	client := &http.Client{Transport: through, Timeout: 10 * time.Second}
	return func() {
		for _, url := range []string{other.URL + "/", other.URL + "/fail", "http://" + gone.Addr().String()} {
			if resp, err := client.Get(url); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
	}
}

// flaskService is Python's, with the exporter's names: measured by the exporter itself if it is installed.
func flaskService(t *testing.T) measured {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "-u", "../../examples/testdata/flask/app.py")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal("needs Debian's python3-flask and python3-prometheus-client:", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = out.Close() })
	var address string
	awaitState(t, "the Flask service", func() bool {
		text, err := os.ReadFile(out.Name())
		found := regexp.MustCompile(`listening on http://(\S+)`).FindStringSubmatch(string(text))
		if err != nil || found == nil {
			return false
		}
		address = strings.TrimSuffix(found[1], "/")
		return true
	})
	return measured{address, requests("http://"+address, "GET /first_route", "GET /second_route", "POST /created", "GET /teapot", "GET /fail")}
}

// otelService is instrumented by otelhttp, with OpenTelemetry's exporter.
func otelService(t *testing.T) measured {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	provider := metric.NewMeterProvider(metric.WithReader(exporter))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "an item") })
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, "made")
	})
	mux.HandleFunc("GET /fail", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	root := http.NewServeMux()
	root.Handle("/", otelhttp.NewHandler(mux, "shop", otelhttp.WithMeterProvider(provider)))
	root.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	srv := httptest.NewServer(root)
	t.Cleanup(srv.Close)
	incoming := requests(srv.URL, "GET /items/7", "POST /orders", "GET /fail")
	outgoing := calls(t, otelhttp.NewTransport(http.DefaultTransport, otelhttp.WithMeterProvider(provider)))
	return measured{strings.TrimPrefix(srv.URL, "http://"), func() { incoming(); outgoing() }}
}

// grpcService is gRPC's health service with tachogrpc, which exports the names of go-grpc-middleware too.
func grpcService(t *testing.T) measured {
	srv := tachogrpc.NewServer(tacho.Options{Exclude: tacho.Exclude{Paths: []string{}}}) // health checks count
	healthpb.RegisterHealthServer(srv, health.NewServer())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(srv.Stop)
	web := httptest.NewServer(srv.Meter.Metrics())
	t.Cleanup(web.Close)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	client := healthpb.NewHealthClient(conn)
	return measured{strings.TrimPrefix(web.URL, "http://"), func() {
		_, _ = client.Check(t.Context(), &healthpb.HealthCheckRequest{})
		_, _ = client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "none"}) // NotFound
	}}
}

// TestPanelQueries: every query of every panel and variable, of dashboards from a running service and of
// those of its schema, returns data for real traffic.
func TestPanelQueries(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, c := range []struct {
		name   string
		start  func(*testing.T) measured
		schema string // "" tests only what is generated from the service
		boards []string
		lacks  string // the title of panels about a metric that the schema has and this library does not
	}{
		{"gin", func(t *testing.T) measured { return ginService(t, tacho.Options{}) }, "default", nil, ""},
		{"gin-native", func(t *testing.T) measured { return ginService(t, tacho.Options{NativeHistograms: true}) }, "default", nil, ""},
		{"gin-flask-names", func(t *testing.T) measured { return ginService(t, tacho.Options{Schema: schema.Flask()}) }, "flask", []string{"overview", "route", "processes"}, ""},
		{"flask", flaskService, "flask", []string{"overview", "route", "processes"}, ""}, // its registry has no process_*
		{"otel", otelService, "otel", nil, "Requests in flight"},
		{"grpc", grpcService, "go-grpc-middleware", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := c.start(t)
			p := spawn(t, nil, "serve", c.name+"="+service.address, "--listen", "127.0.0.1:0", "--interval", "1s")
			page := p.says(pageLine)
			visiting(t, service)
			p.await("some scrapes", 60*time.Second, func() bool { return value(t, page, `count_over_time(up{job="`+c.name+`"}[1m]) >= 6`) != "" })
			dir := t.TempDir()
			generate(t, dir, "grafana", "--from", service.address, "--output", "live/")
			runQueries(t, page, c.name, filepath.Join(dir, "live"), "none")
			checkFailedCalls(t, page, c.name, filepath.Join(dir, "live", "outgoing-"+c.schema+".json"))
			generate(t, dir, "rules", "--from", service.address, "--output", "tacho.rules.yml")
			promtool.Check(t, "check", "rules", filepath.Join(dir, "tacho.rules.yml"))
			generate(t, dir, append([]string{"grafana", "--schema", c.schema, "--output", "schema/"}, c.boards...)...)
			runQueries(t, page, c.name, filepath.Join(dir, "schema"), cmp.Or(c.lacks, "none"))
			if c.name == "gin-native" {
				generate(t, dir, "grafana", "--histograms", "native", "--from", service.address, "--output", "native/")
				runQueries(t, page, c.name, filepath.Join(dir, "native"), "none")
			}
		})
	}
}

// checkFailedCalls: of the outgoing requests, if the service has any, two of three fail.
func checkFailedCalls(t *testing.T, page, job, file string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		return
	}
	for _, q := range dashboardQueries(t, file, job) {
		if q.what == "Failed requests to other hosts" && !reaches(20*time.Second, func() bool { return value(t, page, "round(max("+q.text+"), 0.1) == 0.7") != "" }) {
			t.Errorf("the share of failed requests is %v, want 2/3:\n%s", query(t, page, q.text), q.text)
		}
	}
}

// runQueries executes what the dashboards of a folder ask.
func runQueries(t *testing.T, page, job, dir, lacks string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d dashboards, %v", len(files), err)
	}
	count := 0
	for _, file := range files {
		count += runDashboard(t, page, job, file, lacks)
	}
	t.Logf("%s: %d queries of %d dashboards", filepath.Base(dir), count, len(files))
}

// runDashboard executes what one dashboard asks, and returns how many queries that were.
func runDashboard(t *testing.T, page, job, file, lacks string) (count int) {
	t.Helper()
	for _, q := range dashboardQueries(t, file, job) {
		if strings.HasPrefix(q.what, lacks) {
			continue
		}
		count++
		var got []row
		if !reaches(20*time.Second, func() bool { got = query(t, page, q.text); return len(got) > 0 }) {
			t.Errorf("%s: %s: no data for\n%s", filepath.Base(file), q.what, q.text)
		}
	}
	return count
}

// TestObjectiveQueries: every query of the dashboard of objectives returns data, and the numbers are those of
// the requests: all panels have each objective, and the bad events are the failures.
func TestObjectiveQueries(t *testing.T) {
	t.Parallel() // it mostly waits
	service := ginService(t, tacho.Options{})
	p := spawn(t, nil, "serve", "gin="+service.address, "--listen", "127.0.0.1:0", "--interval", "1s",
		"--slo", "gin: 99.5% available", "--slo", "gin: 99% of GET /items/:id below 250ms as items")
	page := p.says(pageLine)
	visiting(t, service)
	p.await("budgets", 60*time.Second, func() bool { return len(query(t, page, `tacho:slo_error_budget:ratio{job="gin"}`)) == 2 })
	dir := t.TempDir()
	generate(t, dir, "slo", "--as", "grafana", "--output", "slo.json")
	file := filepath.Join(dir, "slo.json")
	if n := runDashboard(t, page, "gin", file, "none"); n < 9 {
		t.Errorf("%d queries", n)
	}
	for _, q := range dashboardQueries(t, file, "gin") {
		names := map[string]bool{}
		for _, r := range query(t, page, q.text) {
			names[r.Metric["slo"]] = true
		}
		if q.what != "variable job" && (!names["gin-availability"] || !names["items"]) {
			t.Errorf("%s has the objectives %v", q.what, names)
		}
	}
	p.await("the failures", 30*time.Second, func() bool {
		return value(t, page, `tacho:slo_bad_events:sum{slo="gin-availability",window="5m"} > 0`) != "" && value(t, page, `tacho:slo_bad_events:sum{slo="items",window="5m"} == 0`) != ""
	})
}

// visiting makes requests until the test ends.
func visiting(t *testing.T, service measured) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(50 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			service.visit()
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// dashboardQueries returns the queries of a dashboard's panels and variables, with the variables filled in as Grafana does.
func dashboardQueries(t *testing.T, file, job string) (all []built) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Name, Type, AllValue string
				Query                any
			}
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	filled := []string{"$__rate_interval", "10s", "$job", job}
	for _, v := range d.Templating.List {
		switch v.Type {
		case "query":
			filled = append(filled, "$"+v.Name, v.AllValue)
		case "constant":
			filled = append(filled, "${"+v.Name+":raw}", v.Query.(string))
		}
	}
	fill := strings.NewReplacer(filled...)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			of, label, _ := cutLast(strings.TrimSuffix(strings.TrimPrefix(v.Query.(string), "label_values("), ")"), ", ")
			all = append(all, built{"variable " + v.Name, "count by (" + label + ") (" + fill.Replace(of) + ") > 0"})
		}
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all = append(all, built{p.Title, fill.Replace(q.Expr)})
		}
	}
	return all
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// TestGeneratedMeans: rules that are generated have the means that the page reads for ranges of days, as tacho
// serve has them.
func TestGeneratedMeans(t *testing.T) {
	dir := t.TempDir()
	for file, args := range map[string][]string{
		"tacho.rules.yml":         {"rules", "--output", "tacho.rules.yml"},
		"shop.yml":                {"kubernetes", "--name", "shop", "--output", "shop.yml"},
		"compose/tacho.rules.yml": {"compose", "--with", "prometheus", "--output", "compose/"},
	} {
		generate(t, dir, args...)
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{rules.RequestMeans, rules.SecondsMeans, rules.JobRequestMeans} {
			if !strings.Contains(string(text), "record: "+name+"\n") {
				t.Errorf("%s lacks the rule %s", file, name)
			}
		}
	}
}
