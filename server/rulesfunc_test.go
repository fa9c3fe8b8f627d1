package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

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
