package dash_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/verdict"
)

// startPrometheus starts Debian's Prometheus with the built-in rules, evaluated each second. Its targets
// are of the job shop.
func startPrometheus(t *testing.T, targets ...string) (address string) {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("needs Debian's prometheus: apt-get install prometheus")
	}
	dir := t.TempDir()
	rules, err := os.ReadFile("../gen/rules/testdata/tacho.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"rules.yml":      strings.ReplaceAll(string(rules), "interval: 15s", "interval: 1s"),
		"prometheus.yml": fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s}\nrule_files: [rules.yml]\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['%s']}]}]\n", strings.Join(targets, "','")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log output
	cmd := exec.Command(program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	awaitThat(t, "Prometheus to listen", func() bool {
		found := regexp.MustCompile(`msg="Listening on".* address=(127\.0\.0\.1:\d+)`).FindStringSubmatch(log.String())
		if found != nil {
			address = "http://" + found[1]
		}
		return found != nil
	})
	return address
}

// output is a process's output, while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func awaitThat(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !reached(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// TestPrometheus: the handler alone serves the page, the API of a real Prometheus, and the verdict.
func TestPrometheus(t *testing.T) {
	var served atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := served.Add(100)
		fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"200\"} %d\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"500\"} %d\n", n, n/2)
	}))
	defer service.Close()
	prometheus := startPrometheus(t, strings.TrimPrefix(service.URL, "http://"), "127.0.0.1:1")
	h := http.StripPrefix("/x", dash.Handler(dash.Options{Prometheus: prometheus}))

	query := func(expr string) string {
		r := httptest.NewRequest(http.MethodPost, "/x/api/v1/query", strings.NewReader(url.Values{"query": {expr}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Body.String()
	}
	awaitThat(t, "rates and limits", func() bool {
		return strings.Contains(query(`tacho:http_error_ratio:limit{job="shop",path="/"}`), `"0.05"`) &&
			strings.Contains(query(`sum_over_time(tacho:http_requests:rate{status="500"}[5m]) * 15 > 5`), `"shop"`) &&
			strings.Contains(query(`count(up == 0)`), `"1"`)
	})
	for _, path := range []string{
		"query?query=up", "query_range?query=up&start=1&end=2&step=1", "series?match[]=up", "labels", "label/job/values", "rules", "alerts",
		"metadata", "query_exemplars?query=up&start=1&end=2", "targets", "status/buildinfo",
	} {
		if r := get(t, h, http.MethodGet, "/x/api/v1/"+path, "Origin", "https://attacker.example"); r.StatusCode != http.StatusOK || r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %s %v", path, r.Status, r.Header)
		}
	}
	for path, status := range map[string]int{
		"POST /x/api/v1/admin/tsdb/snapshot": http.StatusNotFound, "GET /x/api/v1/status/config": http.StatusNotFound, "POST /x/api/v1/write": http.StatusNotFound,
		"GET /x/api/v1/../../-/reload": http.StatusNotFound, "PUT /x/api/v1/query": http.StatusMethodNotAllowed, "POST /x/api/v1/rules": http.StatusMethodNotAllowed,
		"DELETE /x/api/v1/series": http.StatusMethodNotAllowed, "POST /x/api/tacho/verdict": http.StatusMethodNotAllowed, "GET /x/": http.StatusOK,
	} {
		method, target, _ := strings.Cut(path, " ")
		if r := get(t, h, method, target); r.StatusCode != status {
			t.Errorf("%s: %s, want %d", path, r.Status, status)
		}
	}

	var v verdict.Verdict
	if err := json.NewDecoder(get(t, h, http.MethodGet, "/x/api/tacho/verdict").Body).Decode(&v); err != nil || len(v.Services) != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	shop := v.Services[0]
	if shop.Job != "shop" || shop.State != verdict.Failing || len(shop.Findings) != 2 || shop.Findings[0].Path != "/" || shop.Findings[1].Instance != "127.0.0.1:1" || shop.Limits.ErrorRatio != .05 {
		t.Errorf("%+v", shop)
	}
	again := get(t, h, http.MethodGet, "/x/api/tacho/verdict?lang=zh")
	body, _ := io.ReadAll(again.Body)
	if !strings.Contains(string(body), v.At.Format(time.RFC3339Nano)) || !strings.Contains(string(body), "无法抓取") {
		t.Errorf("another viewer has another round, or no Chinese: %s", body)
	}
	config, _ := io.ReadAll(get(t, h, http.MethodGet, "/x/config.json").Body)
	if !strings.Contains(string(config), `"apiPath":"api/v1"`) || !strings.Contains(string(config), `"verdictPath":"api/tacho/verdict"`) {
		t.Errorf("%.300s", config)
	}
}

// TestPrometheusRequests: headers of the options are sent, and nothing of the page's users.
func TestPrometheusRequests(t *testing.T) {
	var got http.Header
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		switch r.URL.Path {
		case "/prefix/api/v1/labels":
			w.WriteHeader(http.StatusUnauthorized)
		case "/prefix/api/v1/alerts":
			select {
			case <-r.Context().Done():
			case <-time.After(time.Minute):
			}
		}
		w.Header().Set("Set-Cookie", "a=b")
		fmt.Fprint(w, `{"status":"success","data":[]}`)
	}))
	defer far.Close()
	h := dash.Handler(dash.Options{
		Prometheus: strings.Replace(far.URL, "://", "://ann:secret@", 1) + "/prefix/", PrometheusTimeout: 200 * time.Millisecond,
		PrometheusHeader: http.Header{"X-Scope-OrgID": {"shop"}},
	})
	r := get(t, h, http.MethodGet, "/api/v1/rules", "Cookie", "session=1", "Authorization", "Bearer x", "Origin", "https://a.example")
	if user, password, _ := (&http.Request{Header: got}).BasicAuth(); user != "ann" || password != "secret" || got.Get("X-Scope-OrgID") != "shop" || got.Get("Cookie")+got.Get("Origin") != "" {
		t.Errorf("sent: %v", got)
	}
	if r.StatusCode != http.StatusOK || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s %v", r.Status, r.Header)
	}
	dead := dash.Handler(dash.Options{Prometheus: "http://ann:secret@127.0.0.1:1"})
	for _, tt := range []struct {
		h      http.Handler
		path   string
		status int
		want   string
	}{
		{dead, "/api/v1/query?query=up", http.StatusBadGateway, "the Prometheus server at http://ann:xxxxx@127.0.0.1:1 cannot be queried: "},
		{dead, "/api/tacho/verdict", http.StatusBadGateway, "connection refused"},
		{h, "/api/v1/labels", http.StatusBadGateway, "401 Unauthorized: set Options.PrometheusHeader"},
		{h, "/api/v1/alerts", http.StatusGatewayTimeout, "did not respond in time"},
	} {
		r := get(t, tt.h, http.MethodGet, tt.path)
		body, _ := io.ReadAll(r.Body)
		if r.StatusCode != tt.status || !strings.Contains(string(body), tt.want) || !strings.Contains(string(body), `"status":"error"`) || strings.Contains(string(body), "secret") {
			t.Errorf("%s: %s %s; want %d and %q", tt.path, r.Status, body, tt.status, tt.want)
		}
	}
}

// TestPrometheusOptions: an invalid URL is found when the program starts.
func TestPrometheusOptions(t *testing.T) {
	for _, o := range []dash.Options{{Prometheus: "prometheus:9090"}, {Prometheus: "http://"}, {Prometheus: "http://h/?a=b"}, {Prometheus: "http://h", APIPath: "/prometheus/api/v1"}} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, "dash: Options.") {
					t.Errorf("%+v: %s", o, text)
				}
			}()
			dash.Handler(o)
		}()
	}
}
