package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/server"
)

// ill are targets that cannot be scraped: how they respond, and what is said of it.
var ill = []struct {
	name, cause string
	says, not   string
	respond     http.HandlerFunc
}{
	{"404", "notFound", "It responds, but has no metrics at /metrics (status 404).", "does not", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }},
	{"metrics as HTML", "html", "or its metrics have the wrong Content-Type", "", responds("text/html", "x 1\n")},
	{"no Content-Type", "noType", "It sends no Content-Type", "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "x 1\n")
	}},
	{"no gzip", "compression", "cannot be decompressed", "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "a_metric_that_is_longer_than_a_header 1\n")
	}},
	{"no UTF-8", "utf8", "bytes that are not UTF-8", "", responds("text/plain; version=0.0.4", "x{a=\"\xff\"} 1\n")},
	{"no metrics", "format", "not in Prometheus's format", "", responds("text/plain; version=0.0.4", "<html>connection refused\n")},
	{"a circle", "redirects", "It redirects in a circle", "", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/metrics", http.StatusFound) }},
	{"a redirect to a machine that is down", "refusedHere", "It redirects to http://127.1.2.3:1/x. Nothing listens on port 1 of ", "", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.1.2.3:1/x", http.StatusFound)
	}},
	{"a reason that is no text", "fails", "status 500", "", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 500 \xff\xfe\r\nContent-Length: 0\r\n\r\n")
	}},
}

func responds(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// TestProblemsAreExplained: what Prometheus itself says of each target is explained in
// the metric that the alert on it reads, with advice for those who typed the targets.
func TestProblemsAreExplained(t *testing.T) {
	var config strings.Builder
	config.WriteString(quick + "scrape_configs:\n")
	for i, target := range ill {
		srv := httptest.NewServer(target.respond)
		t.Cleanup(srv.Close)
		fmt.Fprintf(&config, "- {job_name: j%d, static_configs: [{targets: [%q]}]}\n", i, srv.Listener.Addr())
	}
	o := options(t)
	o.Config = config.String()
	r := start(t, o)
	for i, target := range ill {
		text := r.problem(fmt.Sprintf("j%d", i), target.cause)
		if !strings.Contains(text, target.says) || target.not != "" && strings.Contains(text, target.not) || strings.Contains(text, "metrics_path") {
			t.Errorf("%s: %q", target.name, text)
		}
	}
}

// problem waits for the explanation of a job's target.
func (r *running) problem(job, cause string) (text string) {
	r.t.Helper()
	query := fmt.Sprintf("%s{target_job=%q,target_instance!=\"\"}", server.ProblemMetric, job)
	r.await("the problem "+cause, func() bool {
		for _, s := range r.query(query) {
			if text = s.Metric["text"]; s.Metric["cause"] == cause {
				return true
			}
		}
		return false
	})
	return text
}

// TestProblemsEnd: a target that is scraped again has no explanation, and those who wrote
// a file are told which key of it to change.
func TestProblemsEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(scraping(l.Addr().String())), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Config, o.ConfigFile = "", file
	r := start(t, o)
	if text := r.problem("shop", "slow"); !strings.Contains(text, "(1 s)") || !strings.Contains(text, "scrape_timeout") {
		t.Errorf("it says %q", text)
	}
	srv := httptest.NewUnstartedServer(responds("text/plain; version=0.0.4", "x 1\n"))
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	defer srv.Close()
	r.await("the end of the problem", func() bool { return r.one(`up{job="shop"}`) == "1" && len(r.query(server.ProblemMetric)) == 0 })
}
