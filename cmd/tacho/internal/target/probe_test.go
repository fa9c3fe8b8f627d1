package target

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, contentType, body string, code int) Target {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(srv.Close)
	target, err := Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// redirecting is a target that leads elsewhere.
func redirecting(t *testing.T, to string) Target {
	srv := httptest.NewServer(http.RedirectHandler(to, http.StatusFound))
	t.Cleanup(srv.Close)
	target, err := Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

const plainText = "text/plain; version=0.0.4"

// TestProbeAll: every response is described in words, even if it contains no metrics.
func TestProbeAll(t *testing.T) {
	const gin = `# TYPE http_requests_total counter
http_requests_total{method="GET",path="/",status="200"} 1
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{method="GET",path="/",status="200",le="+Inf"} 1
http_request_duration_seconds_sum{method="GET",path="/",status="200"} 1
http_request_duration_seconds_count{method="GET",path="/",status="200"} 1
`
	const flask = `# TYPE flask_http_request_duration_seconds histogram
flask_http_request_duration_seconds_bucket{method="GET",path="/",status="200",le="+Inf"} 1
flask_http_request_duration_seconds_sum{method="GET",path="/",status="200"} 1
flask_http_request_duration_seconds_count{method="GET",path="/",status="200"} 1
# TYPE flask_http_request_total counter
flask_http_request_total{method="GET",status="200"} 1
`
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	slow, _ := Parse(silent.Addr().String())
	closed, _ := Parse("127.0.0.1:1")
	for _, tt := range []struct {
		name   string
		target Target
		want   string
	}{
		{"Gin", serve(t, plainText, gin, 200), "4 series, naming scheme default"},
		{"Flask", serve(t, plainText, flask, 200), "4 series, naming scheme flask"},
		{"both", serve(t, plainText, gin+flask, 200), "naming scheme default and flask"},
		{"neither", serve(t, plainText, "x 1\n", 200), "1 series; no known HTTP metrics"},
		{"no type", serve(t, "", gin, 200), "It sends no Content-Type, so Prometheus 3 rejects its metrics. Make the service send"},
		{"metrics as HTML", serve(t, "text/html", gin, 200), "It sends valid metrics as Content-Type text/html, which Prometheus 3 rejects."},
		{"a page", serve(t, "text/html", "<html>", 200), "/metrics is a web page, not metrics. Name the path"},
		{"nonsense", serve(t, plainText, "{}", 200), "not in Prometheus's format"},
		{"no UTF-8", serve(t, plainText, "x{a=\"\xff\"} 1\n", 200), "not UTF-8"},
		{"nothing", serve(t, plainText, "", 200), "has nothing to scrape yet: /metrics is empty"},
		{"not found", serve(t, plainText, "", 404), "cannot be scraped yet: It responds, but has no metrics at /metrics (status 404)."},
		{"password", serve(t, plainText, "", 401), "It requires credentials, or rejects the ones sent (status 401). Put the target in a prometheus.yml"},
		{"closed", closed, "Nothing listens on port 1 of the scraping machine"},
		{"leads to a closed one", redirecting(t, "http://127.0.0.2:1/x"), "It redirects to http://127.0.0.2:1/x. Nothing listens on port 1"},
		{"silent", slow, "did not respond completely within the timeout (1 s)"},
	} {
		answers := ProbeAll(t.Context(), []Target{tt.target}, time.Second)
		if len(answers) != 1 || !strings.Contains(answers[0].String(), tt.want) {
			t.Errorf("%s: %q; want %q", tt.name, answers[0].String(), tt.want)
		}
	}
}

// TestLook: finds the ports that respond with metrics.
func TestLook(t *testing.T) {
	port := func(target Target) (n int) {
		fmt.Sscan(target.URL.Port(), &n)
		return n
	}
	good, page := serve(t, plainText, "x 1\n", 200), serve(t, "text/html", "<html>", 200)
	found := discover(t.Context(), []int{port(page), 1, port(good)}, time.Second)
	if len(found) != 1 || found[0].Target.URL.Port() != good.URL.Port() {
		t.Errorf("found %v; want port %s", found, good.URL.Port())
	}
}
