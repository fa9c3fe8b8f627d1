package server_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tacho-go/tacho/server"
)

// TestRetentionIsFinite: Prometheus's packages keep everything for ever unless
// told otherwise, before a reload and after it.
func TestRetentionIsFinite(t *testing.T) {
	r := start(t, options(t))
	const want = "1.296e+06" // 15 days
	for _, when := range []string{"at first", "after a reload"} {
		if _, body := r.get("/metrics"); !strings.Contains(body, "\nprometheus_tsdb_retention_limit_seconds "+want+"\n") {
			t.Errorf("%s: no retention of %s s in /metrics:\n%s", when, want, grep(body, "retention_limit"))
		}
		if code, body := r.post("/-/reload"); code != http.StatusOK {
			t.Fatalf("reload: %d %s", code, body)
		}
	}
}

func grep(text, word string) string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}

// TestExemplars: a configuration without a section for exemplars stores them.
func TestExemplars(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
		fmt.Fprintf(w, "# TYPE calls counter\ncalls_total 1 # {trace_id=\"abc\"} 1 %d\n# EOF\n", time.Now().Unix())
	}))
	defer srv.Close()
	o := options(t)
	o.Config = scraping(strings.TrimPrefix(srv.URL, "http://"))
	r := start(t, o)
	r.await("the exemplar", func() bool {
		now := time.Now().Unix()
		_, body := r.get(fmt.Sprintf("/api/v1/query_exemplars?query=calls_total&start=%d&end=%d", now-60, now+60))
		return strings.Contains(body, `"trace_id":"abc"`)
	})
}

// TestPortBeforeData: a taken port is found before the data is touched.
func TestPortBeforeData(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	o := options(t)
	o.Listen = ln.Addr().String()
	_, err = server.New(o)
	if !errors.Is(err, server.ErrInUse) || !strings.Contains(err.Error(), "choose another address") {
		t.Errorf("a taken port: %v", err)
	}
	if left, _ := os.ReadDir(o.DataDir); len(left) > 0 {
		t.Errorf("the data folder was opened: %v", left)
	}
}

// TestBadOptions: each mistake is named, with what to do.
func TestBadOptions(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	bad := filepath.Join(dir, "web.yml")
	write(t, file, "x")
	write(t, bad, "tls_server_config: {cert_file: nothing.pem}\n")
	for _, tt := range []struct {
		name   string
		change func(*server.Options)
		want   string
	}{
		{"no folder", func(o *server.Options) { o.DataDir = "" }, "DataDir is empty"},
		{"a file for a folder", func(o *server.Options) { o.DataDir = file }, "choose another directory"},
		{"unknown field", func(o *server.Options) { o.Config = "scrape_config: []" }, "field scrape_config not found"},
		{"missing file", func(o *server.Options) { o.ConfigFile = "nowhere.yml" }, "nowhere.yml"},
		{"bad rule file", func(o *server.Options) { o.Config = "rule_files: [" + rule(t, "sum(") + "]" }, "unclosed left parenthesis"},
		{"bad built-in rule", func(o *server.Options) {
			o.Rules = []server.RuleFile{{Name: "mine", YAML: []byte("groups: [{name: g, rules: [{record: x, expr: 'sum('}]}]")}}
		}, "the rules mine"},
		{"bad web configuration", func(o *server.Options) { o.WebConfigFile = bad }, "web.yml"},
		{"bad URL", func(o *server.Options) { o.ExternalURL = "example" }, "must look like https://host/path"},
		{"URL without a host", func(o *server.Options) { o.ExternalURL = "http://:80/" }, "must look like https://host/path"},
		{"two URLs", func(o *server.Options) { o.ExternalURL = "http://a,b" }, "must look like https://host/path"},
		{"URL without a port that exists", func(o *server.Options) { o.ExternalURL = "http://h:99999" }, "99999 is not a valid port"},
		{"URL with a user", func(o *server.Options) { o.ExternalURL = "http://ann:secret@example.org" }, "it has no user"},
		{"URL with a token", func(o *server.Options) { o.ExternalURL = "http://secret@example.org" }, "it has no user"},
		{"other URL with a user", func(o *server.Options) { o.ExternalURL = "ftp://ann:secret@example.org" }, "must look like https://host/path"},
		{"broken URL with a user", func(o *server.Options) { o.ExternalURL = "http://ann:sec%zzret@example.org" }, "must look like https://host/path"},
		{"negative query timeout", func(o *server.Options) { o.QueryTimeout = -1 }, "QueryTimeout"},
		{"negative lookback", func(o *server.Options) { o.QueryLookback = -1 }, "QueryLookback"},
		{"negative concurrency", func(o *server.Options) { o.QueryConcurrency = -1 }, "QueryConcurrency"},
		{"negative samples", func(o *server.Options) { o.QueryMaxSamples = -1 }, "QueryMaxSamples"},
		{"negative deadline", func(o *server.Options) { o.FlushDeadline = -1 }, "FlushDeadline"},
		{"negative discovery interval", func(o *server.Options) { o.DiscoveryInterval = -1 }, "DiscoveryInterval"},
		{"negative retention", func(o *server.Options) { o.Retention = -1 }, "Retention"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t)
			tt.change(&o)
			s, err := server.New(o)
			if err == nil {
				s.Close()
				t.Fatal("it is accepted")
			}
			if !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %q; want ErrConfig with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "zzret") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

// TestListenWrong: an address without a port is not one that the system chooses, on all
// interfaces.
func TestListenWrong(t *testing.T) {
	for address, want := range map[string]string{
		"":                 "it is empty",
		":":                "there is no port in it",
		"127.0.0.1:":       "there is no port in it",
		"9464":             "missing port",
		"::1:9464":         "[::1]:port for IPv6",
		":99999":           "invalid port",
		"192.0.2.1:1":      "with an address of this machine",
		"ann:secret@h:1":   "has no user",
		"http://127.0.0.1": "write host:port",
	} {
		ln, err := server.Listen(address)
		if err == nil {
			t.Errorf("%q: it listens on %s", address, ln.Addr())
			_ = ln.Close()
			continue
		}
		if !errors.Is(err, server.ErrConfig) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v; want ErrConfig with %q", address, err, want)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rule writes a file with one recording rule.
func rule(t *testing.T, expr string) string {
	name := filepath.Join(t.TempDir(), "rules.yml")
	write(t, name, "groups: [{name: g, interval: 1s, rules: [{record: recorded, expr: '"+expr+"'}]}]\n")
	return name
}

// TestReload: a broken configuration is refused in words and the one in use
// stays; a good one is applied.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	write(t, file, scraping(target(t, "before 1\n")))
	o := options(t)
	o.ConfigFile = file
	r := start(t, o)
	r.await("the first target", func() bool { return r.one("before") == "1" })

	write(t, file, "scrape_configs: [{job_name: shop, scrape_interval: soon}]\n")
	code, body := r.post("/-/reload")
	if code != http.StatusInternalServerError || !strings.Contains(body, `not a valid duration string: "soon"`) {
		t.Errorf("a broken configuration: %d %s", code, body)
	}
	if _, body := r.get("/metrics"); !strings.Contains(body, "prometheus_config_last_reload_successful 0") {
		t.Error("the metric does not say that the reload failed")
	}
	if _, body := r.get("/api/v1/status/config"); !strings.Contains(body, "job_name: shop") {
		t.Errorf("the old configuration is gone: %s", body)
	}

	write(t, file, scraping(target(t, "after 2\n"))+"rule_files: ["+rule(t, "after * 2")+"]\n")
	if code, body := r.post("/-/reload"); code != http.StatusOK {
		t.Fatalf("a good configuration: %d %s", code, body)
	}
	r.await("the second target and its rule", func() bool { return r.one("after") == "2" && r.one("recorded") == "4" })
}

// TestGarbageCollection: the file's runtime section is obeyed; the default is
// Prometheus's, on which its memory figures rest.
func TestGarbageCollection(t *testing.T) {
	t.Cleanup(func() { debug.SetGCPercent(100) })
	for _, tt := range []struct {
		yaml string
		want int
	}{{"", 75}, {"runtime: {gogc: 42}\n", 42}} {
		o := options(t)
		o.Config += tt.yaml
		r := start(t, o)
		if _, body := r.get("/api/v1/status/runtimeinfo"); !strings.Contains(body, fmt.Sprintf(`"GOGC":"%d"`, tt.want)) {
			t.Errorf("with %q the API says %s", tt.yaml, body)
		}
		if got := debug.SetGCPercent(tt.want); got != tt.want {
			t.Errorf("with %q the collector runs at %d", tt.yaml, got)
		}
		r.stop()
	}
}

// TestReloadFromElsewhere: a page of another site cannot make it reload.
func TestReloadFromElsewhere(t *testing.T) {
	r := start(t, options(t))
	req, err := http.NewRequest(http.MethodPost, r.URL()+"-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := status(t, resp); code != http.StatusForbidden {
		t.Errorf("a cross-site reload: %d %s", code, body)
	}
}

// silence accepts connections and never answers, until the test ends.
func silence(t *testing.T) (url string, asked *atomic.Bool) {
	asked = new(atomic.Bool)
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Store(true)
		io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	t.Cleanup(func() { close(done); srv.Close() })
	return srv.URL, asked
}

// TestEndWithDeadReceivers: a receiver of remote write and an Alertmanager
// that do not answer delay the end by the deadline, not by a minute. (The alert
// waits a second: one that fires before the Alertmanager is discovered is sent
// again after a minute only.)
func TestEndWithDeadReceivers(t *testing.T) {
	receiver, written := silence(t)
	manager, notified := silence(t)
	o := options(t)
	o.Config = scraping(target(t, "things 1\n")) +
		"remote_write: [{url: '" + receiver + "', queue_config: {batch_send_deadline: 100ms}}]\n" +
		"alerting: {alertmanagers: [{static_configs: [{targets: ['" + strings.TrimPrefix(manager, "http://") + "']}]}]}\n"
	o.Rules = []server.RuleFile{{Name: "alert", YAML: []byte("groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(1), for: 1s}]}]")}}
	r := start(t, o)
	r.await("the receiver to be asked", written.Load)
	r.await("the Alertmanager to be asked", notified.Load)
	begin := time.Now()
	r.stop()
	if took := time.Since(begin); took > 20*time.Second { // without the deadline it takes a minute
		t.Errorf("the end took %v with a deadline of %v", took, o.FlushDeadline)
	}
}

// TestSecondInstance: the folder of a running server is refused in words, and
// the first one goes on.
func TestSecondInstance(t *testing.T) {
	o := options(t)
	o.Config = scraping(target(t, "things 1\n"))
	first := start(t, o)
	if _, err := server.New(o); !errors.Is(err, server.ErrInUse) || !strings.Contains(err.Error(), "is in use by another process") {
		t.Errorf("the second instance: %v", err)
	}
	first.await("the first to go on", func() bool { return first.one("things") == "1" })
	if kept, _ := filepath.Glob(filepath.Join(o.DataDir, "wal-before-repair-*")); len(kept) > 0 {
		t.Errorf("the second instance left %v", kept)
	}
}

// TestFolderIsLockedFromTheStart: a server that has not run yet has its folder already,
// and gives it up when it is closed.
func TestFolderIsLockedFromTheStart(t *testing.T) {
	o := options(t)
	first, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.New(o); !errors.Is(err, server.ErrInUse) {
		t.Errorf("another server while the first one waits: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(o.DataDir, "lock")); len(left) > 0 {
		t.Errorf("the lock is left: %v", left)
	}
	r := start(t, o)
	if got := r.one("prometheus_tsdb_clean_start"); got != "1" {
		r.await("the own metrics", func() bool { got = r.one("prometheus_tsdb_clean_start"); return got != "" })
		if got != "1" {
			t.Errorf("the TSDB takes the start for one after a crash: %s", got)
		}
	}
}

// TestDamagedLog: a flipped byte in the log loses what comes after it. The
// server says so, counts it, and keeps the log as it was.
func TestDamagedLog(t *testing.T) {
	o := options(t)
	fill(t, o.DataDir, 500)
	segment := filepath.Join(o.DataDir, "wal", "00000000")
	before := flip(t, segment)

	r := start(t, o)
	if !strings.Contains(r.log.String(), "the WAL was damaged") {
		t.Errorf("the log says nothing of the damage:\n%s", r.log)
	}
	if _, body := r.get("/metrics"); !strings.Contains(body, "prometheus_tsdb_wal_corruptions_total 1\n") {
		t.Errorf("the metric does not count the damage: %s", grep(body, "wal_corruptions"))
	}
	if _, body := r.get("/api/v1/status/runtimeinfo"); !strings.Contains(body, `"corruptionCount":1`) {
		t.Errorf("the API does not: %s", body)
	}
	kept, err := filepath.Glob(filepath.Join(o.DataDir, "wal-before-repair-*", "00000000"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("the log as it was is kept as %v (%v)", kept, err)
	}
	if now, _ := os.ReadFile(kept[0]); string(now) != string(before) {
		t.Error("the kept log is not the one from before")
	}
	left := r.one("count_over_time(filled[1h])")
	if left == "" || left == "500" {
		t.Errorf("%q of 500 samples are left: the byte was not in the log", left)
	}
	r.stop()

	again := start(t, o)
	if strings.Contains(again.log.String(), "the WAL was damaged") {
		t.Error("the damage is reported twice")
	}
	if now := again.one("count_over_time(filled[1h])"); now != left {
		t.Errorf("%s samples after another start; there were %s", now, left)
	}
}

// fill writes n samples, one a second up to now, each with its own commit.
func fill(t *testing.T, dir string, n int) {
	t.Helper()
	db, err := tsdb.Open(dir, nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range n {
		app := db.Appender(t.Context())
		at := now.Add(time.Duration(i-n) * time.Second)
		if _, err := app.Append(0, labels.FromStrings("__name__", "filled"), at.UnixMilli(), float64(i)); err != nil {
			t.Fatal(err)
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// flip changes a byte in the middle of a file and returns the new content.
func flip(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	used := len(strings.TrimRight(string(text), "\x00"))
	text[used/2] ^= 0xff
	write(t, name, string(text))
	return text
}

// TestSamplesFromTheFuture: what was written while the clock was ahead makes
// the TSDB refuse the present. The server says so.
func TestSamplesFromTheFuture(t *testing.T) {
	o := options(t)
	db, err := tsdb.Open(o.DataDir, nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	app := db.Appender(t.Context())
	if _, err := app.Append(0, labels.FromStrings("__name__", "later"), time.Now().Add(3*time.Hour).UnixMilli(), 1); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(app.Commit(), db.Close()); err != nil {
		t.Fatal(err)
	}

	o.Config = scraping(target(t, "things 1\n"))
	r := start(t, o)
	for _, want := range []string{"the newest sample is in the future", "set the clock right"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	r.await("the scrape to be refused in words", func() bool { return strings.Contains(r.log.String(), "too old or are too far into the future") })
	_, body := r.get("/metrics")
	if line := grep(body, "\ntacho_server_newest_sample_ahead_seconds "); strings.HasSuffix(line, " 0\n") {
		t.Errorf("the metric says %q", line)
	}
}

// TestPrefix: an external URL with a path moves every page below it.
func TestPrefix(t *testing.T) {
	o := options(t)
	o.ExternalURL = "http://metrics.example/tacho/"
	o.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page "+r.URL.Path) })
	r := launch(t, o)
	r.await("readiness", r.Ready)
	if got, want := r.URL(), "http://metrics.example/tacho/"; got != want {
		t.Errorf("its URL is %s; want %s", got, want)
	}
	base := "http://" + r.Addr()
	for path, want := range map[string]string{
		"/tacho/-/ready":               "200 tacho is ready.\n",
		"/tacho/some/page":             "200 page /some/page",
		"/":                            "200 page /",
		"/tacho":                       "200 page /",
		"/-/ready":                     "404 404 page not found\n",
		"/tacho/api/v1/query?query=up": `200 {"status":"success"`,
	} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		code, body := status(t, resp)
		if got := fmt.Sprint(code, " ", body); !strings.HasPrefix(got, want) {
			t.Errorf("%s answers %q; want %q", path, got, want)
		}
	}
}

// TestClosedDoors: what can change or destroy something is off by default.
func TestClosedDoors(t *testing.T) {
	r := start(t, options(t))
	for path, want := range map[string]string{
		"/api/v1/admin/tsdb/snapshot":         "admin APIs disabled",
		"/api/v1/admin/tsdb/clean_tombstones": "admin APIs disabled",
		"/api/v1/write":                       "remote write receiver needs to be enabled",
		"/api/v1/otlp/v1/metrics":             "otlp write receiver needs to be enabled",
		"/-/quit":                             "404",
	} {
		code, body := r.post(path)
		if code < 400 || !strings.Contains(fmt.Sprint(code, body), want) {
			t.Errorf("%s answers %d %q; want %q", path, code, body, want)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, r.URL()+"api/v1/query?query=up", nil)
	req.Header.Set("Origin", "https://elsewhere.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	status(t, resp)
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("other sites may read: %s", got)
	}
}
