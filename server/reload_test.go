package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tacho-go/tacho/server"
)

// A reloadTest is a server with a job, a rule, labels, a retention and blocks
// that a shorter retention deletes.
type reloadTest struct {
	*running
	file, data, old, young string // paths; names of blocks
	config                 string
}

func newReloadTest(t *testing.T) *reloadTest {
	gc := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(gc) })
	o := options(t)
	r := &reloadTest{file: filepath.Join(t.TempDir(), "prometheus.yml"), data: o.DataDir}
	r.old, r.young = block(t, o.DataDir, 30*time.Hour), block(t, o.DataDir, 20*time.Hour)
	r.config = fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s, external_labels: {site: before}}
storage: {tsdb: {retention: {time: 10d}}}
runtime: {gogc: 60}
rule_files: [%s]
scrape_config_files: [%s]
scrape_configs: [{job_name: shop, static_configs: [{targets: [%q]}]}]
`, rule(t, "things * 2"), jobFile(t, "warehouse"), target(t, "things 42\n"))
	write(t, r.file, r.config)
	o.ConfigFile, o.AdminAPI = r.file, true
	r.running = start(t, o)
	r.await("the first samples", func() bool { return r.one(`recorded`) == "84" && r.one(`count(up == 1)`) == "3" })
	return r
}

// jobFile writes a file of jobs, for scrape_config_files.
func jobFile(t *testing.T, name string) string {
	file := filepath.Join(t.TempDir(), "jobs.yml")
	write(t, file, fmt.Sprintf("scrape_configs: [{job_name: %s, static_configs: [{targets: [%q]}]}]\n", name, target(t, "boxes 7\n")))
	return file
}

// block writes one whose samples are of an age.
func block(t *testing.T, dir string, age time.Duration) string {
	t.Helper()
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, tsdb.DefaultBlockDuration)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	a := w.Appender(context.Background())
	for i := range 10 {
		at := time.Now().Add(-age + time.Duration(i)*time.Second).UnixMilli()
		_, err1 := a.Append(0, labels.FromStrings("__name__", "past", "age", age.String()), at, 1)
		_, err2 := a.Append(0, labels.FromStrings("__name__", "gone", "age", age.String()), at, 1)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	id, err := w.Flush(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// state is what can be seen of the configuration in use.
func (r *reloadTest) state() map[string]any {
	_, conf := r.get("/api/v1/status/config")
	_, metrics := r.get("/metrics")
	gc := debug.SetGCPercent(100)
	debug.SetGCPercent(gc)
	return map[string]any{
		"config":        conf,
		"labels":        strings.Contains(r.federated(), `site="before"`),
		"retention":     grep(metrics, "prometheus_tsdb_retention_limit"),
		"remote writes": strings.Count(metrics, "\nprometheus_remote_storage_shards{"),
		"query log":     grep(metrics, "prometheus_engine_query_log_enabled "),
		"targets":       r.fields("/api/v1/targets?state=active", "job", "site", "scrapeUrl", "scrapeInterval", "health"),
		"rules":         r.fields("/api/v1/rules", "name", "query", "file", "interval"),
		"alertmanagers": r.fields("/api/v1/alertmanagers", "url"),
		"blocks":        r.blocks(),
		"late samples":  grep(metrics, "prometheus_tsdb_out_of_order_wbl"),
		"gc":            gc,
	}
}

func (r *reloadTest) federated() string {
	_, body := r.get("/federate?match[]=up")
	return body
}

// fields are the values of some fields in an answer of the API, sorted.
func (r *reloadTest) fields(path string, names ...string) (all []string) {
	_, body := r.get(path)
	var answer any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		r.t.Fatal(err)
	}
	var walk func(any)
	walk = func(x any) {
		switch x := x.(type) {
		case []any:
			for _, e := range x {
				walk(e)
			}
		case map[string]any:
			for k, v := range x {
				if slices.Contains(names, k) {
					all = append(all, fmt.Sprint(k, "=", v))
				}
				walk(v)
			}
		}
	}
	walk(answer)
	sort.Strings(all)
	return all
}

func (r *reloadTest) blocks() (all []string) {
	metas, err := fs.Glob(os.DirFS(r.data), "*/meta.json")
	if err != nil {
		r.t.Fatal(err)
	}
	return metas
}

// next is a configuration that differs in everything, with a mistake.
func (r *reloadTest) next(mistake string) string {
	return fmt.Sprintf(`
storage: {tsdb: {retention: {time: 1h}%s}}
runtime: {gogc: 33}
`, part(mistake, "tsdb:")) + fmt.Sprintf(`
global: {scrape_interval: 2s, scrape_timeout: 1s, evaluation_interval: 2s, external_labels: {site: after}%s}
rule_files: [%s%s]
scrape_config_files: [%s%s]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:1"]}]%s}]}
`, part(mistake, "global:"), rule(r.t, "things * 3"), part(mistake, "rules:"), jobFile(r.t, "depot"), part(mistake, "jobs:"), part(mistake, "alerting:")) +
		fmt.Sprintf(`
scrape_configs:
- {job_name: shop, static_configs: [{targets: [%q]}]%s}
- {job_name: another, static_configs: [{targets: [%q]}]%s}
%s
`, target(r.t, "things 1\n"), part(mistake, "shop:"), target(r.t, "things 2\n"), part(mistake, "another:"), part(mistake, "file:"))
}

// part is the mistake if it belongs there.
func part(mistake, where string) string {
	if text, ok := strings.CutPrefix(mistake, where); ok {
		return text
	}
	return ""
}

// refusals are ways in which a configuration can be rejected: where the
// mistake is put, and whether a part finds it when it is applied.
func refusals(t *testing.T, data string) []struct{ name, mistake, want string } {
	nowhere := filepath.Join(t.TempDir(), "no", "where")
	broken := filepath.Join(t.TempDir(), "broken.yml")
	write(t, broken, "scrape_configs: [{job_name: x, scrape_interval: soon}]\n")
	again := filepath.Join(t.TempDir(), "again.yml")
	write(t, again, "scrape_configs: [{job_name: shop}]\n")
	template := filepath.Join(t.TempDir(), "template.yml")
	write(t, template, "groups: [{name: g, rules: [{alert: A, expr: up, annotations: {summary: '{{ $labels.'}}]}]\n")
	write(t, filepath.Join(data, "wbl"), "no folder")
	tls := ", tls_config: {ca_file: " + nowhere + "}"
	return []struct{ name, mistake, want string }{
		{"no YAML", "file:}", "yaml"},
		{"an unknown field", "file:scrape: []", "field scrape not found"},
		{"an impossible interval", "global:, query_log_file: x, scrape_native_histograms: soon", "cannot unmarshal"},
		{"a job twice", "file:- {job_name: shop}", "shop"},
		{"a broken file of jobs", "jobs:, " + broken, "soon"},
		{"a job in a file again", "jobs:, " + again, "shop"},
		{"a broken rule", "rules:, " + rule(t, "sum("), "unclosed"},
		{"a broken template", "rules:, " + template, "template"},
		{"a folder of rules", "rules:, " + t.TempDir(), "is a directory"},
		{"a query log nowhere", "global:, query_log_file: " + nowhere, nowhere},
		{"a log of failed scrapes nowhere", "global:, scrape_failure_log_file: " + nowhere, nowhere},
		{"a log of a job nowhere", "another:, scrape_failure_log_file: " + nowhere, nowhere},
		{"remote write without its authority", "file:remote_write: [{url: 'http://127.0.0.1:1/w'" + tls + "}]", nowhere},
		{"remote write twice", "file:remote_write: [{url: 'http://127.0.0.1:1/w'}, {url: 'http://127.0.0.1:1/w'}]", "127.0.0.1:1"},
		{"remote read without its authority", "file:remote_read: [{url: 'http://127.0.0.1:1/r'" + tls + "}]", nowhere},
		{"remote read twice", "file:remote_read: [{url: 'http://127.0.0.1:1/r'}, {url: 'http://127.0.0.1:1/r'}]", "127.0.0.1:1"},
		{"an Alertmanager without its authority", "alerting:" + tls, nowhere},
		{"discovery of Alertmanagers without its authority", "alerting:, http_sd_configs: [{url: 'http://127.0.0.1:1/sd'" + tls + "}]", nowhere},
		{"a job without its authority", "shop:" + tls, nowhere},
		{"a new job without its authority", "another:" + tls, nowhere},
		{"discovery without its authority", "another:, http_sd_configs: [{url: 'http://127.0.0.1:1/sd'" + tls + "}]", nowhere},
		{"no folder for late samples", "tsdb:, out_of_order_time_window: 10m", "wbl"},
	}
}

// TestRejectedReload: after every way in which a reload is rejected, everything
// is as before, and no block is gone.
func TestRejectedReload(t *testing.T) {
	r := newReloadTest(t)
	before := r.state()
	for _, tt := range refusals(t, r.data) {
		t.Run(tt.name, func(t *testing.T) {
			write(t, r.file, r.next(tt.mistake))
			if code, body := r.post("/-/reload"); code != http.StatusInternalServerError || !strings.Contains(body, tt.want) {
				t.Errorf("%d %s; want 500 with %q", code, body, tt.want)
			}
			compare(t, r.state(), before)
		})
	}
	r.keepsBlocks()
	r.reloads()
}

// TestRefusedByAPart: a part that refuses a configuration which was found good
// leaves no other part with it.
func TestRefusedByAPart(t *testing.T) {
	r := newReloadTest(t)
	before := r.state()
	for _, tt := range refusals(t, r.data) {
		t.Run(tt.name, func(t *testing.T) {
			write(t, r.file, r.next(tt.mistake))
			if err := r.ReplaceForTest(); err == nil {
				// What only counts and logs its failures refuses nothing.
				if !strings.HasPrefix(tt.mistake, "another:") && !strings.Contains(tt.mistake, "http_sd_configs") {
					t.Error("it is accepted")
				}
				write(t, r.file, r.config)
				if err := r.Reload(); err != nil {
					t.Fatal(err)
				}
			} else if !errors.Is(err, server.ErrConfig) {
				t.Errorf("%v; want ErrConfig", err)
			}
			r.awaitState(before)
			compare(t, r.state(), before)
		})
	}
	r.keepsBlocks()
	r.reloads()
}

// awaitState waits until targets that were made again were scraped again.
func (r *reloadTest) awaitState(want map[string]any) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if reflect.DeepEqual(r.state(), want) {
			return
		}
	}
}

func compare(t *testing.T, got, want map[string]any) {
	t.Helper()
	for what := range want {
		if !reflect.DeepEqual(got[what], want[what]) {
			t.Errorf("%s: %v\nbefore it: %v", what, got[what], want[what])
		}
	}
}

// keepsBlocks has the storage read its folder, which is when it deletes the
// blocks that are too old.
func (r *reloadTest) keepsBlocks() {
	r.t.Helper()
	for _, path := range []string{
		"/api/v1/admin/tsdb/delete_series?match[]=gone{age=%2220h0m0s%22}", "/api/v1/admin/tsdb/clean_tombstones",
	} {
		if code, body := r.post(path); code != http.StatusNoContent {
			r.t.Fatalf("%s: %d %s", path, code, body)
		}
	}
	blocks := strings.Join(r.blocks(), " ")
	if strings.Contains(blocks, r.young) {
		r.t.Fatalf("the storage has not read its folder: %s", blocks)
	}
	if !strings.Contains(blocks, r.old) {
		r.t.Errorf("the block %s was deleted: there are %s", r.old, blocks)
	}
}

// reloads: a good configuration is applied after all those refusals.
func (r *reloadTest) reloads() {
	r.t.Helper()
	write(r.t, r.file, r.next("another:, scrape_interval: 1s"))
	if code, body := r.post("/-/reload"); code != http.StatusOK {
		r.t.Fatalf("a good configuration: %d %s", code, body)
	}
	r.await("the new job and the new rule", func() bool {
		return r.one(`things{job="another"}`) == "2" && r.one(`recorded{job="another"}`) == "6" && r.one(`boxes{job="depot"}`) == "7"
	})
	if !strings.Contains(r.federated(), `site="after"`) {
		r.t.Error("the labels are not the new ones")
	}
}

// TestReloadBeforeReady: a reload while the storage is being opened applies
// nothing yet, says so, and happens as soon as the server is ready.
func TestReloadBeforeReady(t *testing.T) {
	o := options(t)
	o.ConfigFile = filepath.Join(t.TempDir(), "prometheus.yml")
	write(t, o.ConfigFile, "global: {external_labels: {site: before}}\n")
	r := launch(t, o, func(s *server.Server) {
		write(t, o.ConfigFile, "global: {external_labels: {site: after}}\n")
		if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "not ready, it is starting") {
			t.Errorf("got %v", err)
		}
	})
	r.await("the new configuration", func() bool {
		_, conf := r.get("/api/v1/status/config")
		return strings.Contains(conf, "site: after")
	})
}
