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

// hasty are the built-in rules, evaluated each second.
var hasty = strings.NewReplacer("interval: 15s", "interval: 1s")

// hastier are those whose windows are of seconds, so that a fault is soon over.
var hastier = strings.NewReplacer("interval: 15s", "interval: 1s", "[1m]", "[4s]", "[5m]", "[20s]", "* 15 >=", "* 1 >=")

// startPrometheus starts Debian's Prometheus with the built-in rules, changed. Its targets are of the job
// shop.
func startPrometheus(t *testing.T, change *strings.Replacer, targets ...string) (address string) {
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
		"rules.yml":      change.Replace(string(rules)),
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
	prometheus := startPrometheus(t, hasty, strings.TrimPrefix(service.URL, "http://"), "127.0.0.1:1")
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
			strings.Contains(query(`sum_over_time(tacho:http_requests:rate{status="500"}[5m]) > 6`), `"shop"`) &&
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
	var second verdict.Verdict
	if err := json.Unmarshal(body, &second); err != nil || second.At.Sub(v.At)%time.Second != 0 && second.At.Sub(v.At) < time.Second || !strings.Contains(string(body), "无法抓取") {
		t.Errorf("another viewer has another round, or no Chinese: %v %s", err, body)
	}
	config, _ := io.ReadAll(get(t, h, http.MethodGet, "/x/config.json").Body)
	if !strings.Contains(string(config), `"apiPath":"api/v1"`) || !strings.Contains(string(config), `"verdictPath":"api/tacho/verdict"`) {
		t.Errorf("%.300s", config)
	}
}

// TestPrometheusReplay: a handler finds in the past day what was over before it began, and in the time
// without viewers what was over before they came. Rounds are as frequent as the rules.
func TestPrometheusReplay(t *testing.T) {
	var served, failed atomic.Int64
	var failing atomic.Bool
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if failing.Load() {
			failed.Add(50)
		}
		fmt.Fprintf(w, "# TYPE http_requests_total counter\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"200\"} %d\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"500\"} %d\n", served.Add(100), failed.Load())
	}))
	defer service.Close()
	prometheus := startPrometheus(t, hastier, strings.TrimPrefix(service.URL, "http://"))
	shop := func(h http.Handler) (at time.Time, s verdict.Service) {
		t.Helper()
		var v verdict.Verdict
		if r := get(t, h, http.MethodGet, "/api/tacho/verdict"); r.StatusCode == http.StatusOK {
			if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
				t.Fatal(err)
			}
		}
		if len(v.Services) == 1 {
			s = v.Services[0]
		}
		return v.At, s
	}
	// The fault is followed in Prometheus itself, so that no round sees it.
	ratio := func(is func(string) bool) func() bool {
		return func() bool {
			all, err := verdict.API{URL: prometheus}.Query(t.Context(), `sum(tacho:http_requests:rate{status="500"}) / sum(tacho:http_requests:rate)`, time.Now())
			return err == nil && len(all) == 1 && is(fmt.Sprintf("%.2f", all[0].Points[0].Value))
		}
	}
	fault := func() {
		t.Helper()
		failing.Store(true)
		awaitThat(t, "the fault", ratio(func(r string) bool { return r == "0.33" }))
		failing.Store(false)
		awaitThat(t, "its end", ratio(func(r string) bool { return r == "0.00" }))
	}
	awaitThat(t, "a rate", ratio(func(r string) bool { return r == "0.00" }))
	fault()

	began := time.Now()
	h := dash.Handler(dash.Options{Prometheus: prometheus})
	first, now := shop(h)
	if now.State != verdict.Healthy && now.State != verdict.Warning || len(now.Findings) != 0 {
		t.Fatalf("at first: %+v", now)
	}
	over := func(n int) func() bool {
		return func() bool { _, s := shop(h); return len(s.Over) == n && len(s.Findings) == 0 }
	}
	awaitThat(t, "the fault of the past", over(1))
	at, now := shop(h)
	if f := now.Over[0]; f.Kind != verdict.Errors || f.Path != "/" || f.Worst < 0.2 || f.Until.After(began) || f.Until.Sub(f.Since) < time.Second || f.AtLeast {
		t.Errorf("it was %s", f.Sentence(verdict.Words{}))
	}
	awaitThat(t, "a round after it", func() bool { next, _ := shop(h); return next.After(at) })
	if next, _ := shop(h); next.Sub(at) > 10*time.Second || !next.After(first) {
		t.Errorf("a round took from %v to %v, although the rules are evaluated each second", at, next)
	}

	fault() // nobody watches
	awaitThat(t, "the fault without viewers", over(2))
	if _, s := shop(h); !s.Over[0].Since.After(s.Over[1].Until) {
		t.Errorf("the times are %v and %v", s.Over[0].Since, s.Over[1].Until)
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
