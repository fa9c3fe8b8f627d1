package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/promtool"
	"github.com/tacho-go/tacho/schema"
)

func TestCheckRules(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.rules.yml")
	promtool.Check(t, append([]string{"check", "rules"}, files...)...)
}

// TestCheckRulesOfSchemas: the rules of each schema alone are valid, too.
func TestCheckRulesOfSchemas(t *testing.T) {
	dir := t.TempDir()
	args := []string{"check", "rules"}
	for _, s := range schema.Known() {
		o := rules.Options{Schemas: []schema.Schema{s}}
		text, err := rules.YAML(rules.Recording(o), rules.Alerts(o))
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		args = append(args, filepath.Join(dir, s.Name+".yml"))
		if err := os.WriteFile(args[len(args)-1], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool.Check(t, args...)
}

// TestUnitTests runs promtool's own tests of the rules, those that stand in
// testdata.
func TestUnitTests(t *testing.T) {
	for _, file := range unitTests(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			if alert := strings.HasPrefix(filepath.Base(file), "Tacho"); alert {
				// Debian's promtool sees the expressions in the other files: two for all take minutes.
				if failed := promtool.Run(t, promtool.Inside(t), "test", "rules", file); failed != "" {
					t.Error(failed)
				}
				return
			}
			promtool.Check(t, "test", "rules", file)
		})
	}
}

func unitTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.test.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no unit tests", err)
	}
	return files
}

// TestUnitTestsAreThere: every alert has a file that sees it fire, with its
// texts, and sees it silent in at least two cases; every schema's rules are
// tested by their results.
func TestUnitTestsAreThere(t *testing.T) {
	recorded := read(t, "testdata/recording.test.yml")
	for _, r := range defaults(t) {
		if r.Record != "" {
			metric := "^.*" + regexp.QuoteMeta(r.Record) + ".*$"
			if !regexp.MustCompile("(?m)" + metric).MatchString(recorded) {
				t.Errorf("recording.test.yml does not ask for %s", r.Record)
			}
			if s := r.Labels["schema"]; s != "" && !strings.Contains(recorded, `schema="`+s+`"`) {
				t.Errorf("recording.test.yml expects nothing of the schema %s", s)
			}
			continue
		}
		text := read(t, "testdata/"+r.Alert+".test.yml")
		for _, want := range []string{"exp_annotations:", fmt.Sprintf(`exp_samples: [{labels: 'ALERTS{alertname=%q,alertstate="firing"`, r.Alert)} {
			if !strings.Contains(text, want) {
				t.Errorf("%s.test.yml does not see it fire: it lacks %s", r.Alert, want)
			}
		}
		silent := regexp.MustCompile(`(?m)^      - expr: .*ALERTS\{.*\n        eval_time: \w+\n(?:      -|$|\n)`)
		if n := len(silent.FindAllString(text+"\n", -1)); n < 2 {
			t.Errorf("%s.test.yml sees it silent %d times, twice is the least", r.Alert, n)
		}
	}
}

// TestDemoRules: hasty rules with other thresholds work as the patient ones.
func TestDemoRules(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo.test.yml")
	rules, err := filepath.Abs("testdata/demo.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`
rule_files: [%q]
evaluation_interval: 1s
tests:
  - interval: 1s
    input_series:
      - {series: 'up{job="shop",instance="a"}', values: '1x150'}
      - {series: 'http_requests_total{job="shop",instance="a",method="GET",path="/",status="200"}', values: '0+40x150'}
      - {series: 'http_requests_total{job="shop",instance="a",method="GET",path="/",status="500"}', values: '0x45 0+4x45 180x60'}
    promql_expr_test:
      - {expr: 'ALERTS', eval_time: 44s}
      - expr: ALERTS
        eval_time: 75s
        exp_samples: [{labels: 'ALERTS{alertname="TachoErrorRatioHigh",alertstate="firing",job="shop",path="/",severity="critical"}', value: 1}]
      - {expr: 'ALERTS', eval_time: 2m}
`, rules)
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool.Check(t, "test", "rules", file)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
