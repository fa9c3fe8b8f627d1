package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/promtool"
	"github.com/tacho-go/tacho/schema"
)

// intervals are jobs and how often they are scraped. The job "un.named" is
// scraped as seldom as the slowest, and the rules do not hear of it.
var intervals = map[string]time.Duration{
	"quick": 15 * time.Second, "half": 30 * time.Second, "minute": time.Minute, "a.b": time.Minute, "two": 2 * time.Minute,
}

const (
	tick  = 15 * time.Second
	fault = 20 * time.Minute // when half of the requests begin to fail, slowly
	last  = fault + 12*time.Minute
)

// TestScrapeIntervals: whatever a job's interval, alone or beside others, its
// rates are recorded, and its alerts fire within what they wait for and two
// scrapes (and one evaluation, after which each can be seen).
func TestScrapeIntervals(t *testing.T) {
	for job, interval := range intervals {
		t.Run("only "+job, func(t *testing.T) {
			check(t, map[string]time.Duration{job: interval}, map[string]time.Duration{job: interval})
		})
	}
	t.Run("all", func(t *testing.T) {
		scraped := map[string]time.Duration{"un.named": 2 * time.Minute, "aXb": 2 * time.Minute}
		for job, interval := range intervals {
			scraped[job] = interval
		}
		check(t, intervals, scraped)
	})
}

// check has promtool evaluate the rules for the intervals over what was scraped.
func check(t *testing.T, known, scraped map[string]time.Duration) {
	t.Helper()
	o := rules.Options{Intervals: known, Schemas: []schema.Schema{schema.Default()}} // the others have the same windows
	text, err := rules.YAML(rules.Recording(o), rules.Alerts(o))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := "rule_files: [rules.yml]\nevaluation_interval: 15s\ngroup_eval_order: [tacho-recording, tacho-alerts]\ntests:\n- interval: 15s\n  input_series:\n"
	expected := "  promql_expr_test:\n"
	for job, interval := range scraped {
		script += scrapes(job, interval)
		expected += expectations(job, interval)
	}
	for name, content := range map[string]string{"rules.yml": string(text), "intervals.test.yml": script + expected} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool.Check(t, "test", "rules", filepath.Join(dir, "intervals.test.yml"))
}

// scrapes are the samples of a service with ten good requests a second, and
// from the fault on ten bad ones besides.
func scrapes(job string, interval time.Duration) (all string) {
	good := func(at time.Duration) int { return int(10 * at.Seconds()) }
	bad := func(at time.Duration) int { return max(0, int(10*(at-fault).Seconds())) }
	both := func(at time.Duration) int { return good(at) + bad(at) }
	labels := fmt.Sprintf(`job=%q,instance="a",method="GET",path="/"`, job)
	for series, value := range map[string]func(time.Duration) int{
		fmt.Sprintf(`up{job=%q,instance="a"}`, job):                                   func(time.Duration) int { return 1 },
		`http_requests_total{` + labels + `,status="200"}`:                            good,
		`http_requests_total{` + labels + `,status="500"}`:                            bad,
		`http_request_duration_seconds_bucket{` + labels + `,status="200",le="0.1"}`:  good,
		`http_request_duration_seconds_bucket{` + labels + `,status="200",le="10"}`:   both,
		`http_request_duration_seconds_bucket{` + labels + `,status="200",le="+Inf"}`: both,
	} {
		var values []string
		for at := time.Duration(0); at <= last; at += tick {
			if at%interval == 0 {
				values = append(values, fmt.Sprint(value(at)))
			} else {
				values = append(values, "_")
			}
		}
		all += fmt.Sprintf("  - {series: '%s', values: '%s'}\n", series, strings.Join(values, " "))
	}
	return all
}

func expectations(job string, interval time.Duration) string {
	rate := fmt.Sprintf(`{job=%q,method="GET",path="/",status="200",schema="default"}`, job)
	all := fmt.Sprintf("  - {expr: 'round(tacho:http_requests:rate%s)', eval_time: %s, exp_samples: [{labels: '%s', value: 10}]}\n", rate, fault-tick, rate)
	for _, a := range []struct {
		name, severity string
		hold           time.Duration
	}{{"TachoErrorRatioHigh", "critical", 2 * time.Minute}, {"TachoLatencyHigh", "warning", 5 * time.Minute}} {
		alert := fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing",job=%q,path="/",severity=%q}`, a.name, job, a.severity)
		all += fmt.Sprintf("  - {expr: '%s', eval_time: %s, exp_samples: [{labels: '%s', value: 1}]}\n", alert, fault+a.hold+2*interval+tick, alert)
		all += fmt.Sprintf("  - {expr: '%s', eval_time: %s}\n", alert, fault)
	}
	return all + fmt.Sprintf("  - {expr: 'ALERTS{alertname=\"TachoRatesMissing\",job=%q}', eval_time: %s}\n", job, fault)
}
