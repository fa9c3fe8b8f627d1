package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/server"
)

// TestRulesFollowJobs: rules that are made for the jobs follow each reload,
// those of scrape_config_files included, and a reload without rules is rejected.
func TestRulesFollowJobs(t *testing.T) {
	file, jobs := filepath.Join(t.TempDir(), "prometheus.yml"), filepath.Join(t.TempDir(), "jobs.yml")
	configure := func(interval, own string) {
		write(t, jobs, "scrape_configs: [{job_name: other}]\n")
		write(t, file, "global: {scrape_interval: "+interval+"}\nscrape_config_files: ["+jobs+"]\nscrape_configs: [{job_name: shop, scrape_interval: "+own+"}]\n")
	}
	configure("1m", "30s")
	o := options(t)
	o.ConfigFile = file
	var refuse error
	o.RulesFunc = func(jobs []server.Job) ([]server.RuleFile, error) {
		text := "groups:\n- name: g\n  rules:\n"
		for _, j := range jobs {
			text += fmt.Sprintf("  - {record: made, expr: 'rate(x{job=%q}[%s])'}\n", j.Name, 4*j.Interval)
		}
		return []server.RuleFile{{Name: "made", YAML: []byte(text)}}, refuse
	}
	r := start(t, o)
	has := func(what ...string) {
		t.Helper()
		_, body := r.get("/api/v1/rules")
		for _, w := range what {
			if !strings.Contains(body, w) {
				t.Errorf("no rule with %s: %s", w, body)
			}
		}
	}
	has(`shop\"}[2m]`, `other\"}[4m]`, `tacho\"}[4m]`)
	configure("30s", "15s")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	has(`shop\"}[1m]`, `other\"}[2m]`, `tacho\"}[2m]`)
	configure("1m", "1m")
	refuse = errors.New("no such rules")
	if code, body := r.post("/-/reload"); code != http.StatusInternalServerError || !strings.Contains(body, "no such rules") {
		t.Errorf("rules that cannot be made: %d %s", code, body)
	}
	has(`shop\"}[1m]`, `other\"}[2m]`)
}

// TestRulesFollowSeries: rules that are renewed follow the series that there are, without a reload and
// after one; an error and invalid rules leave them as they are, and unchanged groups are not replaced.
func TestRulesFollowSeries(t *testing.T) {
	o := options(t)
	var mistake atomic.Pointer[error]
	var mistakes atomic.Int64
	renew := func(ctx context.Context, series server.SeriesFunc) ([]byte, error) {
		found, err := series(ctx, time.Now().Add(-time.Hour), 1, labels.MustNewMatcher(labels.MatchEqual, "__name__", "up"))
		if broken := mistake.Load(); broken != nil {
			mistakes.Add(1)
			return []byte("broken"), *broken
		}
		return fmt.Appendf(nil, "groups:\n- {name: other, interval: 1h, rules: [{record: same, expr: '1'}]}\n- {name: found, rules: [{record: up_series, expr: '%d'}]}\n", len(found)), err
	}
	o.RulesFunc = func([]server.Job) ([]server.RuleFile, error) {
		return []server.RuleFile{{Name: "renewed", YAML: []byte("groups: [{name: found, rules: [{record: up_series, expr: '-1'}]}]"), Renew: renew, Every: 50 * time.Millisecond}}, nil
	}
	r := start(t, o)
	has := func(text string) bool { _, body := r.get("/api/v1/rules"); return strings.Contains(body, text) }
	r.await("rules for the series", func() bool {
		return has(`"query":"1"`) && has("up_series") && !has(`"query":"-1"`) && !has(`"query":"0"`)
	})
	for _, broken := range []error{errors.New("no such series"), nil} {
		before := mistakes.Load()
		mistake.Store(&broken)
		r.await("rules that cannot be renewed", func() bool { return mistakes.Load() > before+1 })
		if !has("up_series") {
			t.Errorf("after the error %v the rules are gone", broken)
		}
	}
	mistake.Store(nil)
	if !strings.Contains(r.log.String(), "built-in rules were not renewed") {
		t.Error("no warning")
	}
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if has(`"query":"-1"`) || !has("up_series") {
		t.Error("a reload has not renewed the rules")
	}
}
