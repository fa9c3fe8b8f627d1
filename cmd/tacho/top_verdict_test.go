package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTopVerdict: the verdict of the server that scrapes the service is above the table, and its limits
// decide the states.
func TestTopVerdict(t *testing.T) {
	s := &shop{}
	service := newService(t, s.ServeHTTP)
	mux := http.NewServeMux()
	mux.HandleFunc("/api/tacho/verdict", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"at":"2026-11-26T08:50:00Z","services":[{"job":"shop","state":"slow","limits":{"errorRatio":0.9,"latency":0.3},
 "routes":[{"path":"/b","state":"failing","limits":{"errorRatio":0.01,"latency":0.3}}],
 "findings":[{"kind":"latency","job":"shop","method":"GET","path":"/api","now":0.724,"limit":0.3,"since":"2026-11-26T08:49:20Z","query":"x"}]}]}`)
	})
	mux.HandleFunc("/api/v1/targets", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"success","data":{"activeTargets":[{"scrapeUrl":"http://%s/metrics","labels":{"job":"shop","instance":"b"}}]}}`, strings.Replace(service, "127.0.0.1", "localhost", 1))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	top := func(args ...string) string {
		var out, errs bytes.Buffer
		args = append([]string{"top", "--once", "--interval", "100ms"}, args...)
		if code := run(t.Context(), args, streams{strings.NewReader(""), &out, &errs}); code != exitOK {
			t.Fatalf("exit code %d: %s", code, &errs)
		}
		return out.String()
	}
	got := top(service, "--server", server.URL)
	if lines := strings.Split(got, "\n"); !strings.HasPrefix(lines[1], "GET /api is slow: p95 724 ms since ") {
		t.Errorf("the second line is not the verdict:\n%s", got)
	}
	state := func(table, route string) string {
		for line := range strings.Lines(table) {
			if strings.Contains(line, route+" ") {
				return strings.Fields(line)[0]
			}
		}
		return ""
	}
	if state(got, "/b") != "failing" || strings.Count(got, "failing") != 1 {
		t.Errorf("the states do not use the server's limits:\n%s", got)
	}
	if got := top(newService(t, (&shop{}).ServeHTTP), "--server", server.URL); !strings.Contains(got, "no verdict: "+server.URL+" does not scrape this service") {
		t.Errorf("another service:\n%s", got)
	}
	for limit, want := range map[string]string{"0.1%": "failing", "99%": ""} { // without a server, the limits are flags
		if got := state(top(service, "--server", "", "--error-limit", limit), "/b"); strings.HasPrefix(want, "failing") != (got == "failing") {
			t.Errorf("with the limit %s the state is %q", limit, got)
		}
	}
	if got := top(service, "--server", ""); strings.Contains(got, "verdict") || strings.Contains(got, "is slow") {
		t.Errorf("no server:\n%s", got)
	}
}
