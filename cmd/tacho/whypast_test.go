package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/programs"
)

// quickRules shortens the built-in rules, so that a fault is soon over.
var quickRules = strings.NewReplacer("interval: 15s", "interval: 1s", "[1m]", "[4s]", "[5m]", "[20s]", "* 15 >=", "* 1 >=")

// startPrometheus starts a Prometheus that evaluates the built-in rules each second, and returns its URL.
func startPrometheus(t *testing.T, target string) string {
	t.Helper()
	dir := t.TempDir()
	e, err := cluster.Prometheus(t.Context(), programs.File(t, "prometheus"), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	e.Stop()
	rules, err := os.ReadFile("../../gen/rules/testdata/tacho.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"rules.yml":      quickRules.Replace(string(rules)),
		"prometheus.yml": fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nrule_files: [rules.yml]\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['%s']}]}]\n", target),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Stores[0].Start(); err != nil {
		t.Fatal(err)
	}
	return e.Query
}

// TestWhyPast: on a Prometheus without tacho's verdict, why finds in what is stored what is over. If the
// past cannot be read, the present is told nevertheless.
func TestWhyPast(t *testing.T) {
	t.Parallel() // it mostly waits
	var served, failed atomic.Int64
	var failing atomic.Bool
	url := startPrometheus(t, newService(t, func(w http.ResponseWriter, _ *http.Request) {
		if failing.Load() {
			failed.Add(50)
		}
		fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"200\"} %d\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"500\"} %d\n", served.Add(100), failed.Load())
	}))
	percent := func(want string) {
		t.Helper()
		awaitState(t, want+"% errors", func() bool {
			return value(t, url+"/", `round(100 * sum(tacho:http_requests:rate{status="500"}) / sum(tacho:http_requests:rate))`) == want
		})
	}
	why := func(server string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = run(t.Context(), []string{"why", "--server", server}, streams{in: strings.NewReader(""), out: &o, err: &e})
		return code, o.String(), e.String()
	}
	percent("0")
	failing.Store(true)
	percent("33")
	failing.Store(false)
	percent("0")
	awaitState(t, "the end of the fault", func() bool {
		_, out, _ := why(url)
		return strings.Contains(out, "  over: GET / was failing: ") && !strings.Contains(out, " is failing")
	})

	past := newService(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/query_range" {
			http.Error(w, "no range", http.StatusServiceUnavailable)
			return
		}
		http.Redirect(w, r, url+r.URL.String(), http.StatusTemporaryRedirect)
	})
	_, out, errs := why("http://" + past)
	if !strings.Contains(out, " shop  1 of 1 up  ") || strings.Contains(out, "over:") || !strings.Contains(errs, "without past findings (a longer --timeout may help): ") {
		t.Errorf("without a past:\n%s%s", out, errs)
	}
}
