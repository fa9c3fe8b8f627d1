package examples

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// flaskRequests are sent to both services. The real exporter had the same ones when
// testdata/flask/exporter.txt was written.
var flaskRequests = map[string]int{
	"GET /first_route": 8, "GET /second_route": 4, "GET /three_route": 2, "GET /nope": 1,
	"HEAD /first_route": 1, "OPTIONS /first_route": 1, "POST /first_route": 1,
	"POST /created": 1, "GET /teapot": 2, "GET /fail": 2, "POST /fail": 1,
}

// TestFlaskNames: after the same requests a Go service shows the same families, label names in
// order, HELP, buckets and counts as a Flask service with prometheus-flask-exporter, with the
// same digits. It is compared with recorded output of the real exporter (0.23.2), and with a
// running Flask service.
func TestFlaskNames(t *testing.T) {
	ours := flaskText(t, startExample(t, "from-flask"))
	recorded, err := os.ReadFile("testdata/flask/exporter.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("as the real exporter wrote", func(t *testing.T) { compareFlask(t, ours, string(recorded)) })
	t.Run("as Flask writes now", func(t *testing.T) {
		service := start(t, regexp.MustCompile(`listening on http://(\S+)`), "timeout", "--foreground", "60", flaskPython(t), "testdata/flask/app.py")
		t.Logf("the Flask service is %s", strings.TrimSpace(service.output.String()))
		if strings.Contains(service.output.String(), "by hand") {
			t.Log("prometheus-flask-exporter is not installed, and Debian does not package it: this service defines its metrics by hand, " +
				"with Debian's Flask and Python client")
		}
		compareFlask(t, ours, flaskText(t, service))
	})
}

// flaskPython returns a Python that has Flask and the Python client: the system's own has the
// system's packages.
func flaskPython(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import flask, prometheus_client").Run() == nil {
			return python
		}
	}
	t.Fatal("needs Debian's Flask and Python client: apt-get install python3-flask python3-prometheus-client")
	return ""
}

// flaskText sends the requests and returns the service's metrics under Flask's names.
func flaskText(t *testing.T, p *process) string {
	t.Helper()
	for _, r := range slices.Sorted(maps.Keys(flaskRequests)) {
		for range flaskRequests[r] {
			request(t, p, r)
		}
	}
	var text string
	await(t, "the last request in the metrics", func() bool {
		text = request(t, p, "GET /metrics")
		return strings.Contains(text, `flask_http_request_total{method="POST",status="405"} 2.0`)
	})
	return text
}

// compareFlask compares the lines without times.
func compareFlask(t *testing.T, ours, theirs string) {
	t.Helper()
	got, want := flaskLines(ours), flaskLines(theirs)
	for _, l := range want {
		if !slices.Contains(got, l) {
			t.Errorf("missing: %s", l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("unexpected: %s", l)
		}
	}
	if len(want) < 150 {
		t.Errorf("only %d lines were compared", len(want))
	}
}

// Intended differences of a Go service: a path without a route is not a label value, and the
// version is tacho's own.
var flaskDiffers = []struct {
	pattern *regexp.Regexp
	into    string
}{
	{regexp.MustCompile(`method="GET",path="/nope"`), `method="GET",path="unmatched"`},
	{regexp.MustCompile(`method="POST",path="/(first_route|fail)",status="405"`), `method="POST",path="unmatched",status="405"`},
	{regexp.MustCompile(`version="[^"]*"`), `version=""`},
	// Times: buckets below +Inf, and the sum.
	{regexp.MustCompile(`(_bucket\{le="[0-9.e+]+",.*\}) .*`), "$1"},
	{regexp.MustCompile(`(duration_seconds_sum\{.*\}) .*`), "$1"},
}

// flaskLines returns the lines of Flask's families. Label sets that a Go service merges are
// added up.
func flaskLines(text string) []string {
	counts := map[string]int{}
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if !strings.Contains(l, "flask_") || strings.Contains(l, "_created") || strings.Contains(l, "tacho_") {
			continue
		}
		for _, d := range flaskDiffers {
			l = d.pattern.ReplaceAllString(l, d.into)
		}
		name, value, _ := strings.Cut(l, "} ")
		n, err := strconv.Atoi(strings.TrimSuffix(value, ".0"))
		if err != nil { // a header, or a time
			n = 0
		}
		counts[name] += n
	}
	var all []string
	for l, n := range counts {
		all = append(all, fmt.Sprintf("%s: %d", l, n))
	}
	slices.Sort(all)
	return all
}

// TestFlaskDashboard: the queries of the exporter's Grafana dashboards return data for the Go
// service, in a real Prometheus.
func TestFlaskDashboard(t *testing.T) {
	service := startExample(t, "from-flask")
	prom := startPrometheus(t, service.addr)
	send := func() {
		for r := range flaskRequests {
			request(t, service, r)
		}
	}
	send()
	prom.scrapeAfter(t, time.Now())
	for range 3 {
		send()
		prom.scrapeAfter(t, time.Now())
	}
	for _, q := range []string{
		`rate(flask_http_request_duration_seconds_count{status="200"}[30s])`,
		`sum(rate(flask_http_request_duration_seconds_count{status!="200"}[30s]))`,
		`rate(flask_http_request_duration_seconds_sum{status="200"}[30s]) / rate(flask_http_request_duration_seconds_count{status="200"}[30s])`,
		`histogram_quantile(0.5, rate(flask_http_request_duration_seconds_bucket{status="200"}[30s]))`,
		`histogram_quantile(0.9, rate(flask_http_request_duration_seconds_bucket{status="200"}[30s]))`,
		`increase(flask_http_request_duration_seconds_bucket{status="200",le="0.25"}[30s]) / ignoring (le) increase(flask_http_request_duration_seconds_count{status="200"}[30s])`,
		`increase(flask_http_request_duration_seconds_bucket{le="1.0"}[30s])`,
		`increase(flask_http_request_total[1m])`,
		`sum(rate(flask_http_request_total{status=~"5.."}[1m])) / sum(rate(flask_http_request_total[1m]))`,
		`rate(flask_http_request_exceptions_total[1m])`,
		`flask_exporter_info`,
		`process_resident_memory_bytes`,
		`rate(process_cpu_seconds_total[30s])`,
	} {
		if found := prom.at(t, time.Now(), q); len(found) == 0 {
			t.Errorf("no data for %s", q)
		} else {
			t.Logf("%s: %v", q, found)
		}
	}
}

// TestPromtoolLikesEverySchema: promtool check metrics accepts every schema that tacho can
// export, alone and together.
func TestPromtoolLikesEverySchema(t *testing.T) {
	for name, text := range expositions(t) {
		cmd := exec.Command(peer(t, "promtool"), "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// expositions returns the output of services with every schema that tacho can export, with
// everything that can be recorded.
func expositions(t *testing.T) map[string]string {
	texts := map[string]string{}
	for name, o := range map[string]tacho.Options{
		"default":          {},
		"flask":            {Schema: schema.Flask()},
		"flask, as Python": {Schema: schema.Flask(), Endpoint: tacho.Endpoint{PythonFormat: true}},
		"flask, prefixed":  {Schema: schema.Flask().WithPrefix("www")},
		"otel":             {Schema: schema.OTel()},
		"all":              {AlsoSchemas: []schema.Schema{schema.Flask(), schema.OTel()}, Minimal: true, Status: tacho.Status{Class: true}},
	} {
		texts[name] = exposition(t, o)
	}
	return texts
}

func exposition(t *testing.T, o tacho.Options) string {
	t.Helper()
	o.OmitRuntime = true // go_build_info and others are client_golang's
	m := tacho.MustNew(o)
	mux := http.NewServeMux()
	help := tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."}
	timed := tacho.MetricOptions{Name: "shop_order", Unit: "seconds", Help: "Time that placing an order took."}
	busy := tacho.MetricOptions{Name: "shop_orders_in_progress", Help: "Orders being placed."}
	place := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("placed")) }
	mux.Handle("POST /orders", tacho.Track(http.HandlerFunc(place), m.Counter(help), m.Histogram(timed), m.Gauge(busy)))
	server := httptest.NewServer(m.Handler(mux))
	defer server.Close()
	through := &http.Client{Transport: m.Transport(nil, strings.TrimPrefix(server.URL, "http://"))}
	resp, err := through.Post(server.URL+"/orders", "text/plain", strings.NewReader("one"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	text, _, err := m.Render(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
