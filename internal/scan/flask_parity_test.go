package scan_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/schema"
)

// The tests here are named after the behaviours of prometheus-flask-exporter
// that docs/from-flask.md lists. What that page says of one, its test shows.

// TestFlaskBehaviours: each of the behaviours 1 to 57 has a row in the page, and
// a test named after it unless the row says that there is no need for one.
func TestFlaskBehaviours(t *testing.T) {
	page, err := os.ReadFile("../../docs/from-flask.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("flask_parity_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 57; n++ {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \|.*$`, n)).FindAllString(string(page), -1)
		if len(row) != 1 {
			t.Errorf("behaviour %d has %d rows in docs/from-flask.md, want 1", n, len(row))
			continue
		}
		tested := strings.Contains(string(source), fmt.Sprintf("\nfunc TestFlask%02d", n))
		if !tested && !strings.Contains(row[0], "No need") {
			t.Errorf("behaviour %d has no test, and its row does not say that there is no need: %s", n, row[0])
		}
	}
}

// A flaskApp is a service that speaks Flask's names.
type flaskApp struct {
	t   *testing.T
	m   *tacho.Meter
	mux *http.ServeMux
}

func newFlaskApp(t *testing.T, change ...func(*tacho.Options)) *flaskApp {
	t.Helper()
	o := tacho.Options{Schema: schema.Flask(), Endpoint: tacho.Endpoint{PythonFormat: true}, OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	m, err := tacho.New(o)
	if err != nil {
		t.Fatal(err)
	}
	a := &flaskApp{t: t, m: m, mux: http.NewServeMux()}
	a.mux.Handle("/metrics", m.Metrics())
	return a
}

func (a *flaskApp) handle(pattern string, h http.HandlerFunc) *flaskApp {
	a.mux.Handle(pattern, h)
	return a
}

// ok adds routes that answer 200.
func (a *flaskApp) ok(patterns ...string) *flaskApp {
	for _, p := range patterns {
		a.handle(p, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	}
	return a
}

// do sends requests, "GET /path" each, the way a server would: a panic ends there.
func (a *flaskApp) do(requests ...string) (last *httptest.ResponseRecorder) {
	a.t.Helper()
	for _, r := range requests {
		method, target, _ := strings.Cut(r, " ")
		last = a.send(httptest.NewRequest(method, target, nil))
	}
	return last
}

func (a *flaskApp) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	func() {
		defer func() { _ = recover() }()
		a.m.Handler(a.mux).ServeHTTP(w, r)
	}()
	return w
}

func (a *flaskApp) scrape(query string) string {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics"+query, nil))
	if w.Code != http.StatusOK {
		a.t.Fatalf("the scrape was answered %d", w.Code)
	}
	return w.Body.String()
}

// want checks that the scrape has these lines.
func (a *flaskApp) want(lines ...string) {
	a.t.Helper()
	text := "\n" + a.scrape("")
	for _, l := range lines {
		if !strings.Contains(text, "\n"+l+"\n") {
			a.t.Errorf("the scrape lacks %s\n%s", l, about(text, l))
		}
	}
}

// wantNo checks that these texts are nowhere in the scrape.
func (a *flaskApp) wantNo(texts ...string) {
	a.t.Helper()
	for _, x := range texts {
		if all := a.scrape(""); strings.Contains(all, x) {
			a.t.Errorf("the scrape has %s\n%s", x, about(all, x))
		}
	}
}

// about are the lines that begin like the one that is missed.
func about(text, line string) string {
	name := line[:max(0, strings.IndexAny(line+"{", "{ "))]
	var b strings.Builder
	for l := range strings.Lines(text) {
		if strings.Contains(l, name) {
			b.WriteString("  " + l)
		}
	}
	return b.String()
}

// refusedMetric checks the same of a metric.
func (a *flaskApp) refusedMetric(kind schema.Kind, o tacho.MetricOptions, words ...string) {
	a.t.Helper()
	_, err := a.m.NewMetric(kind, o)
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			a.t.Errorf("%v does not say %q", err, w)
		}
	}
}

const flaskLatency = "flask_http_request_duration_seconds"

func latencyCount(method, path, status string, n int) string {
	return fmt.Sprintf("%s_count{method=%q,path=%q,status=%q} %d.0", flaskLatency, method, path, status, n)
}

func flaskTotal(method, status string, n int) string {
	return fmt.Sprintf("flask_http_request_total{method=%q,status=%q} %d.0", method, status, n)
}

func TestFlask01Duration(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a", "GET /a")
	a.want("# HELP "+flaskLatency+" Flask HTTP request duration in seconds", "# TYPE "+flaskLatency+" histogram",
		latencyCount("GET", "/a", "200", 2), flaskLatency+`_bucket{le="+Inf",method="GET",path="/a",status="200"} 2.0`)
}

func TestFlask02Buckets(t *testing.T) {
	bounds := func(a *flaskApp) string {
		a.ok("GET /a").do("GET /a")
		var all []string
		for _, m := range regexp.MustCompile(flaskLatency+`_bucket\{le="([^"]+)"`).FindAllStringSubmatch(a.scrape(""), -1) {
			all = append(all, m[1])
		}
		return strings.Join(all, " ")
	}
	if got, want := bounds(newFlaskApp(t)), "0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1.0 2.5 5.0 7.5 10.0 +Inf"; got != want {
		t.Errorf("the buckets are %s, Python's %s", got, want)
	}
	if got := bounds(newFlaskApp(t, func(o *tacho.Options) { o.Buckets.Latency = []float64{.3, 7} })); got != "0.3 7.0 +Inf" {
		t.Errorf("chosen buckets are %s", got)
	}
	metertest.Refused(t, tacho.Options{Buckets: tacho.Buckets{Latency: []float64{2, 1}}}, "Options.Buckets.Latency: bound 1 does not exceed the one before it, 2")
	metertest.Refused(t, tacho.Options{Buckets: tacho.Buckets{Latency: []float64{}}}, "Options.Buckets.Latency: is empty")
}

func TestFlask03Total(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a", "GET /b", "POST /b")
	a.do("GET /a", "GET /b", "POST /b", "GET /nowhere")
	a.want("# HELP flask_http_request_total Total number of HTTP requests", "# TYPE flask_http_request_total counter",
		flaskTotal("GET", "200", 2), flaskTotal("POST", "200", 1), flaskTotal("GET", "404", 1))
}

func TestFlask04Exceptions(t *testing.T) {
	a := newFlaskApp(t).handle("GET /a", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	a.do("GET /a", "GET /a")
	a.want("# HELP flask_http_request_exceptions_total Total number of HTTP requests which resulted in an exception",
		"# TYPE flask_http_request_exceptions_total counter", `flask_http_request_exceptions_total{method="GET",status="500"} 2.0`)
}

func TestFlask05ExporterInfo(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.Labels = []tacho.Label{{Name: "team", Value: "x"}} })
	a.want("# TYPE flask_exporter_info gauge", fmt.Sprintf("flask_exporter_info{version=%q} 1.0", scan.Version()))
}

func TestFlask06HeadersWithoutSeries(t *testing.T) {
	a := newFlaskApp(t)
	a.want("# TYPE flask_http_request_exceptions_total counter", "# TYPE "+flaskLatency+" histogram")
	a.wantNo("flask_http_request_exceptions_total{", "flask_http_request_total{")
	other := newFlaskApp(t, func(o *tacho.Options) { o.Endpoint.PythonFormat = false })
	other.wantNo("# TYPE flask_http_request_exceptions_total", "# TYPE "+flaskLatency)
}

func TestFlask07Created(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.Endpoint.CreatedSamples = true }).ok("GET /a")
	engine.Of(a.m).Store.Now = func() time.Time { return time.Unix(1700000000, 500e6) }
	a.do("GET /a")
	a.want("# TYPE flask_http_request_created gauge", `flask_http_request_created{method="GET",status="200"} 1.7000000005e+09`,
		"# TYPE "+flaskLatency+"_created gauge", flaskLatency+`_created{method="GET",path="/a",status="200"} 1.7000000005e+09`)
	newFlaskApp(t).ok("GET /a").wantNo("_created")
}

func TestFlask08Runtime(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.OmitRuntime = false })
	for _, name := range []string{"\ngo_goroutines ", "\nprocess_start_time_seconds ", "\ngo_build_info{"} {
		if !strings.Contains(a.scrape(""), name) {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestFlask09Summary(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.Schema.Duration.Kind = schema.Summary }).ok("GET /a")
	a.do("GET /a")
	a.want("# TYPE "+flaskLatency+" summary", latencyCount("GET", "/a", "200", 1))
	a.wantNo("_bucket", "quantile")
}

func TestFlask10Prefix(t *testing.T) {
	for prefix, names := range map[string][]string{
		"www":           {"www_http_request_total", "www_http_request_duration_seconds", "www_http_request_exceptions_total", "www_exporter_info"},
		schema.NoPrefix: {"http_request_total", "http_request_duration_seconds", "http_request_exceptions_total", "exporter_info"},
		"":              {"flask_http_request_total", flaskLatency, "flask_http_request_exceptions_total", "flask_exporter_info"},
	} {
		a := newFlaskApp(t, func(o *tacho.Options) { o.Schema = o.Schema.WithPrefix(prefix) })
		for _, n := range names {
			if !strings.Contains(a.scrape(""), "\n# TYPE "+n+" ") {
				t.Errorf("with the prefix %q there is no %s", prefix, n)
			}
		}
	}
	again := schema.Flask().WithPrefix("www").WithPrefix(schema.NoPrefix).WithPrefix("flask")
	if again.Requests.Name != "flask_http_request_total" {
		t.Errorf("there and back gives %s", again.Requests.Name)
	}
}

func TestFlask11WithoutDefaults(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.OmitHTTP = true })
	orders := a.m.Counter(tacho.MetricOptions{Name: "orders", Help: "Orders."})
	a.mux.Handle("GET /a", orders.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	everywhere := a.m.Counter(tacho.MetricOptions{Name: "everywhere", Help: "All."})
	a.m.RegisterDefault(everywhere)
	a.do("GET /a", "GET /nowhere")
	a.want("orders_total 1.0", "everywhere_total 1.0")
	a.wantNo("flask_")
}

func TestFlask12Floats(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a")
	if text := a.scrape(""); !strings.Contains(text, `le="1.0"`) || strings.Contains(text, `le="1"`) {
		t.Error("bounds are not written as Python does")
	}
	plain := newFlaskApp(t, func(o *tacho.Options) { o.Endpoint.PythonFormat = false }).ok("GET /a")
	plain.do("GET /a")
	plain.want(`flask_http_request_total{method="GET",status="200"} 1`)
	if text := plain.scrape(""); !strings.Contains(text, `le="1"`) {
		t.Error("without the option bounds are not written as Go does")
	}
}

// TestFlask13Streams: a body that is written slowly is in the latency, to its
// last byte; Flask stops the clock before it. Only a stream counts to its first.
func TestFlask13Streams(t *testing.T) {
	a := newFlaskApp(t)
	now := int64(0)
	engine.Of(a.m).Clock = func() int64 { return now }
	slowly := func(contentType string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			now += int64(100 * time.Millisecond)
			_, _ = io.WriteString(w, "first")
			_ = http.NewResponseController(w).Flush()
			now += int64(300 * time.Millisecond)
			_, _ = io.WriteString(w, "last")
		}
	}
	a.handle("GET /body", slowly("text/plain")).handle("GET /events", slowly("text/event-stream"))
	a.do("GET /body", "GET /events")
	a.want(flaskLatency+`_sum{method="GET",path="/body",status="200"} 0.4`, flaskLatency+`_sum{method="GET",path="/events",status="200"} 0.1`)
}

func TestFlask14UnhandledException(t *testing.T) {
	a := newFlaskApp(t).handle("GET /a", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	a.do("GET /a")
	a.want(flaskTotal("GET", "500", 1), latencyCount("GET", "/a", "500", 1), `flask_http_request_exceptions_total{method="GET",status="500"} 1.0`)
}

func TestFlask15HandledException(t *testing.T) {
	a := newFlaskApp(t).handle("GET /teapot", func(w http.ResponseWriter, _ *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "short and stout", http.StatusTeapot)
			}
		}()
		panic("an error that the service knows")
	})
	a.do("GET /teapot")
	a.want(flaskTotal("GET", "418", 1), latencyCount("GET", "/teapot", "418", 1))
	a.wantNo("flask_http_request_exceptions_total{")
}

// TestFlask16ExceptionInStream: the status was sent, and stays; but the
// exception is counted. Flask counts none.
func TestFlask16ExceptionInStream(t *testing.T) {
	a := newFlaskApp(t).handle("GET /a", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half of it")
		panic("on purpose")
	})
	a.do("GET /a")
	a.want(flaskTotal("GET", "200", 1), `flask_http_request_exceptions_total{method="GET",status="500"} 1.0`)
}

// TestFlask17RecoveryOutside: counted once, the panic goes on as it was, and the
// service's own recovery answers.
func TestFlask17RecoveryOutside(t *testing.T) {
	a := newFlaskApp(t).handle("GET /a", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	var recovered any
	w := httptest.NewRecorder()
	func() {
		defer func() {
			recovered = recover()
			http.Error(w, "sorry", http.StatusInternalServerError)
		}()
		a.m.Handler(a.mux).ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	}()
	if recovered != "on purpose" || w.Code != 500 {
		t.Errorf("recovered %v, answered %d", recovered, w.Code)
	}
	a.want(flaskTotal("GET", "500", 1), `flask_http_request_exceptions_total{method="GET",status="500"} 1.0`)
}

func TestFlask18AnyStatus(t *testing.T) {
	a := newFlaskApp(t).ok("GET /dir/").handle("GET /status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.WriteHeader(code)
	})
	a.do("GET /status/299", "GET /status/599", "GET /status/201", "GET /dir")
	a.want(flaskTotal("GET", "299", 1), flaskTotal("GET", "599", 1), flaskTotal("GET", "201", 1), flaskTotal("GET", "307", 1))
}

func TestFlask19HeadAndOptions(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a", "OPTIONS /a")
	a.do("HEAD /a", "OPTIONS /a")
	a.want(flaskTotal("HEAD", "200", 1), flaskTotal("OPTIONS", "200", 1), latencyCount("HEAD", "/a", "200", 1))
}

// TestFlask20Unmatched: one value for all paths that lead nowhere. In Flask a
// thousand of them made 18,015 lines.
func TestFlask20Unmatched(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a", "POST /a")
	lines := strings.Count(a.scrape(""), "\n")
	for i := range 1000 {
		a.do(fmt.Sprintf("GET /nowhere/%d", i))
	}
	a.want(latencyCount("GET", tacho.Unmatched, "404", 1000), latencyCount("POST", tacho.Unmatched, "405", 1))
	if more := strings.Count(a.scrape(""), "\n") - lines; more != 18 {
		t.Errorf("a thousand paths made %d lines, want the 18 of one label set", more)
	}
}

func TestFlask21UnknownMethod(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("FOO /a", "BAR /a")
	a.want(flaskTotal("OTHER", "405", 2))
}

func TestFlask22PathLabel(t *testing.T) {
	a := newFlaskApp(t).ok("GET /u/{name}")
	a.do("GET /u/a%20b?q=1", "GET /u/%C0%AE", "GET /u/"+strings.Repeat("x", 3000), "GET /u/%0A%22")
	a.want(latencyCount("GET", "/u/{name}", "200", 4))
	// A service that wants the path, or part of it, says which values count, and
	// these are cleaned.
	long := newFlaskApp(t, func(o *tacho.Options) {
		o.GroupBy = tacho.Label{Name: "path", Func: func(r tacho.Request) string { return r.Path() }, Max: 3}
	}).ok("GET /u/{name}")
	long.do("GET /u/%C0%AE", "GET /u/"+strings.Repeat("x", 3000), "GET /u/%0A%22")
	long.want(latencyCount("GET", "/u/\uFFFD", "200", 1), latencyCount("GET", "/u/"+strings.Repeat("x", 253), "200", 1),
		flaskLatency+`_count{method="GET",path="/u/\n\"",status="200"} 1.0`)
}

// TestFlask23OnePoint: the counter and the histogram always agree. In Flask they
// differ when something answers before the hook that starts the clock.
func TestFlask23OnePoint(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	guard := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }
	h := a.m.Handler(http.HandlerFunc(guard))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/a", nil))
	a.want(flaskTotal("GET", "403", 1), latencyCount("GET", tacho.Unknown, "403", 1))
}

func TestFlask24OwnPort(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.m.Serve(ctx, tacho.ServeOptions{Listener: l}) }()
	defer func() {
		end()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	for _, path := range []string{"/metrics", "/elsewhere"} {
		resp, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	a.do("GET /a")
	a.want(flaskTotal("GET", "200", 1))
	a.wantNo(`status="404"`)
}

func TestFlask25GroupBy(t *testing.T) {
	for name, of := range map[string]struct {
		by   func(tacho.Request) string
		want string
	}{
		"path":        {tacho.Request.Path, "/u/7"},
		"url_rule":    {tacho.Request.Route, "/u/{id}"},
		"method_name": {tacho.Request.Method, "GET"},
		"tenant":      {func(r tacho.Request) string { return r.Header("X-Tenant") }, "acme"},
		"id":          {func(r tacho.Request) string { return r.PathValue("id") }, "7"},
		"host":        {func(r tacho.Request) string { return r.HTTP().Host }, "shop.example"},
		"query":       {func(r tacho.Request) string { return r.HTTP().URL.Query().Get("q") }, "x"},
	} {
		a := newFlaskApp(t, func(o *tacho.Options) { o.GroupBy = tacho.Label{Name: name, Func: of.by} }).ok("GET /u/{id}")
		r := httptest.NewRequest("GET", "http://shop.example/u/7?q=x", nil)
		r.Header.Set("X-Tenant", "acme")
		a.send(r)
		labels := []string{`method="GET"`, `status="200"`, name + `="` + of.want + `"`}
		slices.Sort(labels)
		a.want(flaskLatency + "_count{" + strings.Join(labels, ",") + "} 1.0")
	}
}

func TestFlask26UnmatchedGroup(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) {
		o.GroupBy = tacho.Label{Name: "url_rule", Func: func(r tacho.Request) string {
			if r.Route() == tacho.Unmatched {
				return "None" // what Flask's dashboards know
			}
			return r.Route()
		}}
	}).ok("GET /static/{filename...}")
	a.do("GET /static/a/b.css", "GET /nowhere")
	a.want(flaskLatency+`_count{method="GET",status="200",url_rule="/static/{filename...}"} 1.0`,
		flaskLatency+`_count{method="GET",status="404",url_rule="None"} 1.0`)
}

func TestFlask27GroupByFunction(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) {
		o.GroupBy = tacho.Label{Name: "size", Values: []string{"small"}, Func: func(r tacho.Request) string {
			if r.BytesOut() < 10 {
				return "small"
			}
			return "large"
		}}
	}).ok("GET /a").handle("GET /b", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100)) })
	a.do("GET /a", "GET /b")
	a.want(flaskLatency+`_count{method="GET",size="small",status="200"} 1.0`, flaskLatency+`_count{method="GET",size="other",status="200"} 1.0`)
	metertest.Refused(t, tacho.Options{GroupBy: tacho.Label{Name: "x"}}, "Options.GroupBy", "Func")
	metertest.Refused(t, tacho.Options{GroupBy: tacho.Label{Name: "<lambda>", Func: tacho.Request.Path}}, "Options.GroupBy", "not a valid label name")
}

// TestFlask28FunctionThatFails: the request is answered, recorded and counted as
// an error of ours. In Flask the request itself fails.
func TestFlask28FunctionThatFails(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) {
		o.GroupBy = tacho.Label{Name: "group", Func: func(tacho.Request) string { panic("on purpose") }}
	}).ok("GET /a")
	if w := a.do("GET /a"); w.Code != 200 || w.Body.String() != "ok" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
	a.want(flaskLatency+`_count{group="unknown",method="GET",status="200"} 1.0`, `tacho_function_errors_total{function="GroupBy"} 1.0`)
}

func TestFlask30ExcludedPaths(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.Exclude.Patterns = []string{"/exc", "/only$"} }).
		ok("GET /exc", "GET /excluded", "GET /pre/exc", "GET /only", "GET /only/more")
	seen := a.m.Counter(tacho.MetricOptions{Name: "seen", Help: "Seen."})
	// What is left out by default only, a metric that was put there still counts.
	health := newFlaskApp(t)
	checks := health.m.Counter(tacho.MetricOptions{Name: "checks", Help: "Checks."})
	health.mux.Handle("GET /healthz", checks.Handler(http.NotFoundHandler()))
	health.do("GET /healthz")
	health.want("checks_total 1.0")
	health.wantNo("flask_http_request_total{")
	anyway := a.m.Counter(tacho.MetricOptions{Name: "anyway", Help: "Seen.", CountExcluded: true})
	a.mux.Handle("GET /exc/tracked", tacho.Track(http.NotFoundHandler(), seen, anyway))
	a.do("GET /exc", "GET /excluded?a=1", "GET /only", "GET /exc/tracked", "GET /exc/nowhere")
	a.wantNo(flaskLatency + "_count")
	a.want("seen_total 0.0", "anyway_total 1.0")
	a.do("GET /pre/exc", "GET /only/more", "GET /pre/exc?x=/exc")
	a.want(flaskTotal("GET", "200", 3))
	metertest.Refused(t, tacho.Options{Exclude: tacho.Exclude{Patterns: []string{"("}}}, "Options.Exclude.Patterns", `"("`)
}

func TestFlask31DoNotTrack(t *testing.T) {
	a := newFlaskApp(t).ok("GET /b")
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	quiet := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "quiet") })
	a.mux.Handle("GET /inside", a.m.DoNotTrack(calls.Handler(quiet)))
	a.mux.Handle("GET /outside", calls.Handler(a.m.DoNotTrack(quiet)))
	if w := a.do("GET /inside", "GET /outside", "GET /b"); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
	a.want("calls_total 2.0", flaskTotal("GET", "200", 1))
}

func TestFlask32ExcludeAll(t *testing.T) {
	a := newFlaskApp(t).ok("GET /b")
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	now := a.m.Gauge(tacho.MetricOptions{Name: "calls_now", Help: "Calls in progress."})
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	a.mux.Handle("GET /first", a.m.ExcludeAll(tacho.Track(h, calls, now)))
	a.mux.Handle("GET /last", tacho.Track(a.m.ExcludeAll(h), calls, now))
	a.do("GET /first", "GET /last", "GET /b")
	a.want("calls_total 0.0", "calls_now 0.0", flaskTotal("GET", "200", 1))
}

// TestFlask33Endpoint: whatever is asked of the endpoint, it is not recorded.
func TestFlask33Endpoint(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.Endpoint.Access = tacho.Access{BearerTokens: []string{"secret"}, Users: nil} })
	for _, r := range []string{"GET /metrics", "HEAD /metrics", "OPTIONS /metrics", "POST /metrics"} {
		if w := a.do(r); w.Code != http.StatusUnauthorized {
			t.Errorf("%s was answered %d", r, w.Code)
		}
	}
	open := newFlaskApp(t)
	open.do("GET /metrics", "HEAD /metrics", "OPTIONS /metrics", "POST /metrics", "PUT /metrics")
	open.wantNo("flask_http_request_total{")
	if all, _ := engine.Of(a.m).Store.Ordered(); len(all) != 0 {
		t.Errorf("%d label sets were recorded", len(all))
	}
}

func TestFlask34CounterAndTimes(t *testing.T) {
	a := newFlaskApp(t)
	now := int64(0)
	engine.Of(a.m).Clock = func() int64 { return now }
	status := []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}
	count := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: status})
	times := a.m.Histogram(tacho.MetricOptions{Name: "call_seconds", Help: "Time.", Labels: status, Buckets: []float64{1}})
	sums := a.m.Summary(tacho.MetricOptions{Name: "call_time_seconds", Help: "Time.", Labels: status})
	outer := func(next http.Handler) http.Handler { // not part of the view
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { now += 5e9; next.ServeHTTP(w, r) })
	}
	view := func(w http.ResponseWriter, r *http.Request) {
		now += 2e9
		if r.URL.Query().Has("fail") {
			panic("on purpose")
		}
	}
	a.mux.Handle("GET /a", outer(tacho.Track(http.HandlerFunc(view), count, times, sums)))
	a.do("GET /a", "GET /a?fail")
	for _, s := range []string{"200", "500"} {
		a.want(`calls_total{status="`+s+`"} 1.0`, `call_seconds_sum{status="`+s+`"} 2.0`, `call_seconds_bucket{le="1.0",status="`+s+`"} 0.0`,
			`call_time_seconds_sum{status="`+s+`"} 2.0`, `call_time_seconds_count{status="`+s+`"} 1.0`)
	}
	a.want("# TYPE call_seconds histogram", "# TYPE call_time_seconds summary")
}

func TestFlask35Gauge(t *testing.T) {
	a := newFlaskApp(t)
	busy := a.m.Gauge(tacho.MetricOptions{Name: "busy", Help: "In progress.", Labels: []tacho.Label{{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }}}})
	a.mux.Handle("GET /a/{id}", busy.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		a.want(`busy{id="7"} 1.0`)
		panic("on purpose")
	}))
	a.do("GET /a/7")
	a.want(`busy{id="7"} 0.0`)
}

func TestFlask36Labels(t *testing.T) {
	a := newFlaskApp(t)
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
		{Name: "kind", Value: "a constant"},
		{Name: "q", Func: func(r tacho.Request) string { return r.HTTP().URL.Query().Get("q") }},
		{Name: "size", Func: func(r tacho.Request) string { return strconv.FormatInt(r.BytesOut(), 10) }},
		{Name: "cache", Func: func(r tacho.Request) string { return r.ResponseHeader("X-Cache") }, Values: []string{"hit", "miss"}},
	}})
	gauge := a.m.Gauge(tacho.MetricOptions{Name: "now", Help: "Now.", Labels: []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}})
	a.mux.Handle("GET /a", tacho.Track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Cache", "stale")
		_, _ = io.WriteString(w, "1234")
	}), calls, gauge))
	if w := a.do("GET /a?q=x"); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
	a.want(`calls_total{cache="other",kind="a constant",q="x",size="4"} 1.0`, `now{status="0"} 0.0`)
	a.refusedMetric(schema.Counter, tacho.MetricOptions{Name: "x", Help: "X.", Labels: []tacho.Label{{Name: "a b"}}}, "MetricOptions.Labels", `"a b"`)
	a.refusedMetric(schema.Counter, tacho.MetricOptions{Name: "x", Help: "X.", Labels: []tacho.Label{{Name: "a", Values: []string{"b"}}}}, "no Func")
}

func TestFlask37NamesAndUnits(t *testing.T) {
	a := newFlaskApp(t)
	a.m.Counter(tacho.MetricOptions{Name: "bar", Namespace: "ns", Subsystem: "ss", Help: "X."})
	a.m.Counter(tacho.MetricOptions{Name: "foo_total", Help: "X."})
	a.m.Histogram(tacho.MetricOptions{Name: "wait", Unit: "seconds", Help: "X.", Buckets: []float64{.5}})
	a.m.Counter(tacho.MetricOptions{Name: "read", Unit: "bytes", Help: "X."})
	a.want("ns_ss_bar_total 0.0", "foo_total 0.0", `wait_seconds_bucket{le="0.5"} 0.0`, "read_bytes_total 0.0")
}

func TestFlask38InitialValues(t *testing.T) {
	a := newFlaskApp(t)
	constant := []tacho.Label{{Name: "kind", Value: "a"}}
	a.m.Counter(tacho.MetricOptions{Name: "bare", Help: "X."})
	a.m.Counter(tacho.MetricOptions{Name: "constant", Help: "X.", Labels: constant})
	a.m.Counter(tacho.MetricOptions{Name: "later", Help: "X.", Labels: constant, NoInitialValue: true})
	a.m.Counter(tacho.MetricOptions{Name: "computed", Help: "X.", Labels: append(constant, tacho.Label{Name: "s", Func: tacho.Request.StatusText})})
	a.want("bare_total 0.0", `constant_total{kind="a"} 0.0`)
	a.wantNo("later_total{", "computed_total{")
}

func TestFlask39SharedAndDuplicate(t *testing.T) {
	a := newFlaskApp(t)
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	a.mux.Handle("GET /a", calls.Handler(http.NotFoundHandler()))
	a.mux.Handle("GET /b", calls.Handler(http.NotFoundHandler()))
	a.do("GET /a", "GET /b")
	a.want("calls_total 2.0")
	a.refusedMetric(schema.Counter, tacho.MetricOptions{Name: "calls", Help: "Calls."}, "calls_total cannot be registered", "duplicate")
	a.refusedMetric(schema.Counter, tacho.MetricOptions{Name: "flask_http_request", Help: "Mine."}, "flask_http_request_total cannot be registered")
	a.refusedMetric(schema.Counter, tacho.MetricOptions{Name: "a b", Help: "X."}, "MetricOptions.Name", "not a valid metric name")
	a.refusedMetric(schema.Histogram, tacho.MetricOptions{Name: "h", Help: "X.", Labels: []tacho.Label{{Name: "le"}}}, "MetricOptions.Labels", `"le"`)
}

// TestFlask40OutsideOfViews: a metric on a handler that no middleware of ours
// stands around counts too, with what that handler answers.
func TestFlask40OutsideOfViews(t *testing.T) {
	a := newFlaskApp(t)
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
		{Name: "status", Func: tacho.Request.StatusText}, {Name: "route", Func: tacho.Request.Route},
	}})
	mux := http.NewServeMux()
	mux.Handle("GET /x/{id}", calls.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x/1", nil))
	a.want(`calls_total{route="/x/{id}",status="202"} 1.0`)
	a.wantNo("flask_http_request_total{")
}

// TestFlask41RegisterDefault: every route, also those that are not tracked
// otherwise; neither the endpoint itself nor paths that lead nowhere.
func TestFlask41RegisterDefault(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	every := a.m.Counter(tacho.MetricOptions{Name: "every", Help: "All.", Labels: []tacho.Label{{Name: "path", Func: tacho.Request.Route}}})
	now := a.m.Gauge(tacho.MetricOptions{Name: "every_now", Help: "Now."})
	a.m.RegisterDefault(every, now)
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { a.want("every_now 1.0") })
	a.mux.Handle("GET /quiet", a.m.DoNotTrack(h))
	a.mux.Handle("GET /nothing", a.m.ExcludeAll(h))
	a.do("GET /a", "GET /quiet", "GET /nothing", "GET /nowhere", "GET /metrics")
	a.want(`every_total{path="/a"} 1.0`, `every_total{path="/quiet"} 1.0`, "every_now 0.0")
	a.wantNo(`every_total{path="/nothing"}`, `every_total{path="unmatched"}`, `every_total{path="/metrics"}`)
}

// TestFlask43Routers: metrics on handlers of sub-routers that are built before
// the service is measured.
func TestFlask43Routers(t *testing.T) {
	a := newFlaskApp(t)
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{
		{Name: "id", Func: func(r tacho.Request) string { return r.PathValue("id") }}, {Name: "path", Func: tacho.Request.Route},
	}})
	api := http.NewServeMux()
	api.Handle("GET /users/{id}", calls.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	a.mux.Handle("/api/", http.StripPrefix("/api", a.m.Handler(api)))
	a.do("GET /api/users/7")
	a.want(`calls_total{id="7",path="/api/users/{id}"} 1.0`, latencyCount("GET", "/api/users/{id}", "200", 1))
}

func TestFlask44DefaultLabels(t *testing.T) {
	labels := []tacho.Label{{Name: "team", Value: "shop"}, {Name: "cache", Func: func(r tacho.Request) string { return r.ResponseHeader("X-Cache") }}}
	a := newFlaskApp(t, func(o *tacho.Options) { o.Labels = labels })
	calls := a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	fail := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Cache", "miss")
		panic("on purpose")
	}
	a.mux.Handle("GET /a", calls.HandlerFunc(fail))
	a.do("GET /a")
	a.want(`calls_total{cache="miss",team="shop"} 1.0`, `flask_http_request_total{cache="miss",method="GET",status="500",team="shop"} 1.0`,
		`flask_http_request_exceptions_total{cache="miss",method="GET",status="500",team="shop"} 1.0`,
		flaskLatency+`_count{cache="miss",method="GET",path="/a",status="500",team="shop"} 1.0`)
	a.refusedMetric(schema.Counter, tacho.MetricOptions{Name: "x", Help: "X.", Labels: []tacho.Label{{Name: "team", Value: "other"}}}, `"team" is already a label`)
	for _, taken := range []string{"method", "status", "path"} {
		metertest.Refused(t, tacho.Options{Schema: schema.Flask(), Labels: []tacho.Label{{Name: taken, Value: "x"}}}, "Options.Labels", taken)
	}
}

func TestFlask45Info(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) { o.Labels = []tacho.Label{{Name: "team", Value: "shop"}} })
	info, err := a.m.Info("app_info", "The application.", map[string]string{"version": "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	a.want("# TYPE app_info gauge", `app_info{version="1.0"} 1.0`)
	info.Set(42.1)
	a.want(`app_info{version="1.0"} 42.1`)
	if _, err := a.m.Info("bare_info", "Without labels.", nil); err != nil {
		t.Error(err)
	}
	a.want("bare_info 1.0")
	for _, err := range []error{
		second(a.m.Info("app_info", "Again.", nil)), second(a.m.Info("a b", "X.", nil)), second(a.m.Info("x", "", nil)),
		second(a.m.Info("x", "X.", map[string]string{"a-b": ""})),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "tacho: Info: ") {
			t.Errorf("no clear error: %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestFlask46Endpoint(t *testing.T) {
	a := newFlaskApp(t)
	for request, want := range map[string]int{
		"GET /metrics": 200, "HEAD /metrics": 200, "OPTIONS /metrics": 200, "POST /metrics": 405, "GET /metrics/": 404,
	} {
		if w := a.do(request); w.Code != want {
			t.Errorf("%s was answered %d, want %d", request, w.Code, want)
		}
	}
	if got := a.do("GET /metrics").Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain; version=0.0.4; charset=utf-8") {
		t.Errorf("Content-Type: %s", got)
	}
	if got := a.do("OPTIONS /metrics").Header().Get("Allow"); got != "GET, HEAD, OPTIONS" {
		t.Errorf("Allow: %s", got)
	}
	// Another path is a matter of the service's router; the option keeps its
	// requests from being recorded before they get there.
	moved := newFlaskApp(t, func(o *tacho.Options) { o.Endpoint.Path = "/numbers" })
	moved.mux.Handle("/numbers", moved.m.Metrics())
	if w := moved.do("GET /numbers"); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
	moved.wantNo("flask_http_request_total{")
}

func TestFlask47Formats(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a")
	for accept, want := range map[string]string{
		"application/openmetrics-text; version=1.0.0":          "application/openmetrics-text; version=1.0.0",
		"text/plain;q=0.9, application/openmetrics-text;q=0.1": "text/plain; version=0.0.4",
		"application/openmetrics-text;q=0, text/plain":         "text/plain; version=0.0.4",
		"application/json":                              "text/plain; version=0.0.4",
		metertest.AcceptProtobuf:                        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
		"text/plain;version=1.0.0;escaping=allow-utf-8": "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
	} {
		resp, body := metertest.Scrape(t, a.m.Metrics(), accept, "")
		if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("%s is answered %s, want %s", accept, got, want)
		}
		if strings.HasPrefix(want, "application/openmetrics") {
			if text := string(body); !strings.HasSuffix(text, "# EOF\n") || !strings.Contains(text, "# TYPE flask_http_request counter") {
				t.Errorf("no OpenMetrics:\n%s", text)
			}
		}
	}
}

func TestFlask48Compression(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a")
	for _, encoding := range []string{"gzip", "zstd"} {
		resp, body := metertest.Scrape(t, a.m.Metrics(), metertest.AcceptText, encoding)
		if got := resp.Header.Get("Content-Encoding"); got != encoding || len(body) > len(a.scrape(""))/3 {
			t.Errorf("%s was asked for; got %q, %d bytes", encoding, got, len(body))
		}
	}
}

// TestFlask49Names: name[] takes samples, as in Flask, and families too.
func TestFlask49Names(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a", "GET /nowhere")
	for query, want := range map[string][]string{
		"?name[]=flask_http_request_total":                          {"flask_http_request_total"},
		"?name[]=flask_http_request":                                {"flask_http_request_total"},
		"?name[]=" + flaskLatency:                                   {flaskLatency + "_bucket", flaskLatency + "_count", flaskLatency + "_sum"},
		"?name[]=" + flaskLatency + "_count":                        {flaskLatency + "_count"},
		"?name[]=" + flaskLatency + "_sum&name[]=tacho_series":      {flaskLatency + "_sum", "tacho_series"},
		"?name[]=nobody":                                            nil,
		"?name[]=":                                                  nil,
		"?name%5B%5D=flask_exporter_info&other=1&name=nobody_knows": {"flask_exporter_info"},
	} {
		if got := sampleNames(a.scrape(query)); !slices.Equal(got, want) {
			t.Errorf("%s gives %v, want %v", query, got, want)
		}
	}
	if got := sampleNames(a.scrape("?name=" + flaskLatency)); len(got) < 5 {
		t.Errorf("?name= leaves only %v", got)
	}
	for _, accept := range []string{metertest.AcceptText, metertest.AcceptOpenMetrics, metertest.AcceptProtobuf} {
		for names, wanted := range map[string]bool{flaskLatency + "_count": true, "flask_http_request_total": false} {
			body, _, err := a.m.Render(t.Context(), accept, names)
			if err != nil || strings.Contains(string(body), flaskLatency) != wanted || len(body) == 0 {
				t.Errorf("%s, %s: %v\n%s", accept, names, err, body)
			}
		}
	}
}

// TestNamesInQuotes: names that need them, in a format that has them.
func TestNamesInQuotes(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	dotted := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "my.metric", Help: "X."}, []string{"a.b"})
	dotted.WithLabelValues("x").Set(1)
	m.Registerer().MustRegister(dotted)
	for _, name := range []string{"my.metric", "tacho_series"} {
		body, _, err := m.Render(t.Context(), metertest.AcceptOpenMetrics+";escaping=allow-utf-8", name)
		if has := strings.Contains(string(body), `{"my.metric","a.b"="x"} 1`); err != nil || has != (name == "my.metric") {
			t.Errorf("%s gives %v\n%s", name, err, body)
		}
	}
}

// sampleNames are the names of a scrape's samples, each once, sorted. Each family
// must have its header.
func sampleNames(text string) (all []string) {
	header := ""
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(l, "# TYPE "); ok {
			header, _, _ = strings.Cut(rest, " ")
		}
		if strings.HasPrefix(l, "#") {
			continue
		}
		name := l[:strings.IndexAny(l, "{ ")]
		if !strings.HasPrefix(name, header) || header == "" {
			name = "without a header: " + name
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

func TestFlask51EndpointGuard(t *testing.T) {
	a := newFlaskApp(t, func(o *tacho.Options) {
		o.Endpoint.Access = tacho.Access{Users: map[string]string{"prometheus": "secret"}, Middleware: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Mine", "1"); next.ServeHTTP(w, r) })
		}}
	})
	r := httptest.NewRequest("GET", "/metrics", nil)
	if w := a.send(r); w.Code != 401 || w.Header().Get("X-Mine") != "" || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("without credentials: %d %v", w.Code, w.Header())
	}
	r.SetBasicAuth("prometheus", "secret")
	if w := a.send(r); w.Code != 200 || w.Header().Get("X-Mine") != "1" {
		t.Errorf("with credentials: %d %v", w.Code, w.Header())
	}
}

func TestFlask52Render(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.do("GET /a")
	text, contentType, err := a.m.Render(t.Context(), "")
	if err != nil || string(text) != a.scrape("") || !strings.HasPrefix(contentType, "text/plain; version=0.0.4") {
		t.Errorf("%v, %s\n%s", err, contentType, text)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := a.m.Render(gone, ""); err != context.Canceled {
		t.Errorf("a cancelled context gives %v", err)
	}
}

func TestFlask54BrokenScrape(t *testing.T) {
	a := newFlaskApp(t).ok("GET /a")
	a.m.Registerer().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "broken", Help: "X."}, func() float64 { panic("on purpose") }))
	a.do("GET /a")
	a.want(flaskTotal("GET", "200", 1), `tacho_scrape_errors_total{reason="panic"} 1.0`)
}

func TestFlask56Registry(t *testing.T) {
	reg := prometheus.NewRegistry()
	a := newFlaskApp(t, func(o *tacho.Options) { o.Registerer = reg }).ok("GET /a")
	a.m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	a.do("GET /a")
	a.want(flaskTotal("GET", "200", 1), "calls_total 0.0")
	families, err := reg.Gather()
	if err != nil || !slices.ContainsFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == flaskLatency }) {
		t.Errorf("%v; the registry has no %s", err, flaskLatency)
	}
}

// TestFlask57TwoApps: two services on one registry are both tracked; in Flask
// the second one is not. With a constant label each they are told apart.
func TestFlask57TwoApps(t *testing.T) {
	reg := prometheus.NewRegistry()
	on := func(labels map[string]string) func(*tacho.Options) {
		return func(o *tacho.Options) { o.Registerer, o.ConstLabels = reg, labels }
	}
	first, second := newFlaskApp(t, on(nil)).ok("GET /a"), newFlaskApp(t, on(nil)).ok("GET /b")
	first.do("GET /a")
	second.do("GET /b")
	first.want(latencyCount("GET", "/a", "200", 1), latencyCount("GET", "/b", "200", 1))
	second.want(flaskTotal("GET", "200", 2))
	reg = prometheus.NewRegistry()
	one, two := newFlaskApp(t, on(map[string]string{"app": "one"})).ok("GET /a"), newFlaskApp(t, on(map[string]string{"app": "two"})).ok("GET /a")
	var both sync.WaitGroup
	for _, a := range []*flaskApp{one, two} {
		both.Go(func() { a.do("GET /a") })
	}
	both.Wait()
	one.want(`flask_http_request_total{app="one",method="GET",status="200"} 1.0`, `flask_http_request_total{app="two",method="GET",status="200"} 1.0`)
}
