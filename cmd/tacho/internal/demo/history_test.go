package demo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// morning is when the tests' histories end, plus a second.
var morning = time.Date(2026, 3, 1, 11, 7, 13, 0, time.UTC)

// seeded opens the history that ends at morning.
func seeded(t *testing.T, seed uint64) *watcher {
	t.Helper()
	d := made(t, Options{NoFlask: true, Seed: seed, Now: func() time.Time { return morning }})
	dir := t.TempDir()
	if err := d.WriteHistory(dir); err != nil {
		t.Fatal(err)
	}
	return openData(t, dir)
}

// TestHistory asks the seeded past what a page would ask.
func TestHistory(t *testing.T) {
	w := seeded(t, 1)
	end := morning.Add(-time.Second)
	begin := end.Add(-historySpan)
	for _, b := range w.db.Blocks() {
		if b.MinTime() != begin.UnixMilli() || b.MaxTime() > morning.UnixMilli() {
			t.Errorf("a block from %s to %s", time.UnixMilli(b.MinTime()).UTC(), time.UnixMilli(b.MaxTime()).UTC())
		}
	}
	incident := end.Add(-152 * time.Minute)
	quietTime := end.Add(-4 * time.Hour)
	for _, c := range []struct {
		name      string
		at        time.Time
		query     string
		low, high float64
	}{
		{"marked from the first sample", begin, `tacho_demo_seeded{job="shop"}`, 1, 1},
		{"marked to the last sample", end, `tacho_demo_seeded{job="shop"}`, 1, 1},
		{"all instances up", quietTime, `sum(up{job="shop"})`, 2, 2},
		{"the version", end, `count(shop_build_info{version="1.0.0"} == 1)`, 2, 2},
		{"the rate at the end is the live one", end, `sum(rate(http_requests_total[1m]))`, 32, 48},
		{"and a third of it at first", begin.Add(5 * time.Minute), `sum(rate(http_requests_total[1m]))`, 9, 18},
		{"/api has its share", end, `sum(rate(http_requests_total{path="/api"}[2m]))`, 7.5, 12.5},
		{"few errors", quietTime, `sum(rate(http_requests_total{status=~"5.."}[30m])) / sum(rate(http_requests_total[30m]))`, 0.00005, .003},
		{"/api takes 100 ms", end, `histogram_quantile(.5, sum by (le) (rate(http_request_duration_seconds_bucket{path="/api"}[2m])))`, .08, .13},
		{"mean of /api", end, `sum(rate(http_request_duration_seconds_sum{path="/api"}[2m])) / sum(rate(http_request_duration_seconds_count{path="/api"}[2m]))`, .08, .13},
		{"in flight", end, `sum(avg_over_time(http_requests_in_flight[2m]))`, .5, 4},
		{"orders", end, `sum(rate(shop_orders_total[2m]))`, 8, 20},
		{"the incident: /api on b", incident, `histogram_quantile(.5, sum by (le) (rate(http_request_duration_seconds_bucket{path="/api",instance="b"}[2m])))`, .25, .5},
		{"and not on a", incident, `histogram_quantile(.5, sum by (le) (rate(http_request_duration_seconds_bucket{path="/api",instance="a"}[2m])))`, .06, .13},
		{"the incident: errors", incident, `sum(rate(http_requests_total{path="/second_route",status="500"}[2m])) / sum(rate(http_requests_total{path="/second_route"}[2m]))`, .15, .45},
		{"+Inf is the count", end, `max(abs(http_request_duration_seconds_count - ignoring(le) http_request_duration_seconds_bucket{le="+Inf"}))`, 0, 0},
		{"buckets and counter agree", end, `max(abs(http_requests_total - http_request_duration_seconds_count))`, 0, 0},
		{"cumulative buckets", end, `count(http_request_duration_seconds_bucket{le="0.5"} > ignoring(le) http_request_duration_seconds_bucket{le="1.0"}) or vector(0)`, 0, 0},
	} {
		if got := w.one(c.at, c.query); !(got >= c.low && got <= c.high) {
			t.Errorf("%s: %s = %v, want %v to %v", c.name, c.query, got, c.low, c.high)
		}
	}
	ended := `count({__name__!=""})`
	if v := w.at(morning, ended); len(v) > 0 {
		t.Errorf("%v series go on after the end", v[0].F)
	}
}

const rawBuckets = `(rate(http_request_duration_seconds_bucket[1m]))`

// recordedAndRaw are the recorded series, and what the rules make them of.
var recordedAndRaw = []struct{ recorded, with, raw, by string }{
	{recordedRequests, ``, `rate(http_requests_total[1m])`, "job, method, path, status"},
	{recordedBuckets, ``, rawBuckets, "job, method, path, le"},
	{recordedQuantiles, `quantile="0.5"`, `histogram_quantile(.5, sum by (job, method, path, le) ` + rawBuckets + `)`, "job, method, path"},
	{recordedQuantiles, `quantile="0.95"`, `histogram_quantile(.95, sum by (job, method, path, le) ` + rawBuckets + `)`, "job, method, path"},
	{recordedQuantiles, `quantile="0.99"`, `histogram_quantile(.99, sum by (job, method, path, le) ` + rawBuckets + `)`, "job, method, path"},
	{recordedSum, ``, `rate(http_request_duration_seconds_sum[1m])`, "job, method, path"},
	{recordedInFlight, ``, `http_requests_in_flight`, "job"},
	{recordedJobStatuses, ``, `rate(http_requests_total[1m])`, "job, status"},
	{recordedJobBuckets, ``, rawBuckets, "job, le"},
	{recordedJobQuantiles, `quantile="0.5"`, `histogram_quantile(.5, sum by (job, le) ` + rawBuckets + `)`, "job"},
	{recordedJobQuantiles, `quantile="0.95"`, `histogram_quantile(.95, sum by (job, le) ` + rawBuckets + `)`, "job"},
	{recordedJobQuantiles, `quantile="0.99"`, `histogram_quantile(.99, sum by (job, le) ` + rawBuckets + `)`, "job"},
}

// TestRecorded: the recorded series are what the rules would have made of the
// raw ones, with the labels of the contract.
func TestRecorded(t *testing.T) {
	w := seeded(t, 1)
	const same = 1e-9
	for _, ago := range []time.Duration{150*time.Minute + 30*time.Second, 3 * time.Hour, 5*time.Hour + 30*time.Second} {
		at := morning.Add(-time.Second - ago)
		for _, c := range recordedAndRaw {
			raw := fmt.Sprintf(`sum by (%s) (%s)`, c.by, c.raw)
			recorded := fmt.Sprintf(`%s{schema="default",%s}`, c.recorded, c.with)
			// Quantiles of nothing are NaN, which differs from itself.
			for _, count := range []string{"count(%s)", "count((%s) != (%[1]s)) or vector(0)"} {
				if n, want := w.one(at, fmt.Sprintf(count, recorded)), w.one(at, fmt.Sprintf(count, raw)); n != want {
					t.Errorf("%s ago: "+count+" is %v, want %v", ago, recorded, n, want)
				}
			}
			off := fmt.Sprintf(`max(abs(%s - on (%s) %s))`, recorded, c.by, raw)
			if got := w.one(at, off); !(got < same) {
				t.Errorf("%s ago: %s is off by %v", ago, recorded, got)
			}
		}
	}
}

// TestHistorySeed: one seed, one past.
func TestHistorySeed(t *testing.T) {
	dump := func(seed uint64) string {
		v := seeded(t, seed).at(morning.Add(-time.Second), `{__name__!=""}`)
		slices.SortFunc(v, func(a, b promql.Sample) int { return strings.Compare(a.Metric.String(), b.Metric.String()) })
		return v.String()
	}
	one := dump(1)
	if one != dump(1) {
		t.Error("one seed, two pasts")
	}
	if one == dump(2) {
		t.Error("two seeds, one past")
	}
}

// TestHistoryRefuses: never into data that is there.
func TestHistoryRefuses(t *testing.T) {
	d := made(t, Options{NoFlask: true})
	dir := t.TempDir()
	if err := d.WriteHistory(dir); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteHistory(dir); err == nil || !strings.Contains(err.Error(), "already has data") {
		t.Errorf("the second time: %v", err)
	}
}

// TestBorder runs the shop behind its seeded past: no live sample is refused,
// the charts go through, and the restart of the counters is no spike.
func TestBorder(t *testing.T) {
	t.Parallel() // it mostly waits
	d := made(t, Options{NoFlask: true, Script: quiet})
	dir := t.TempDir()
	if err := d.WriteHistory(dir); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	run(t, d)
	w := watch(t, d, dir, 500*time.Millisecond)
	eventually(t, "live samples", func() bool { return w.now(`sum(up - 0 * tacho_demo_seeded or up)`) == 2 })
	eventually(t, "eight live seconds", func() bool { return time.Since(begun) > 8*time.Second })

	for at := begun.Add(-10 * time.Minute); at.Before(time.Now()); at = at.Add(time.Second) {
		if got := w.one(at, `sum(rate(http_requests_total[1m]))`); !(got > .7*DefaultRate && got < 1.3*DefaultRate) {
			t.Errorf("%.1f s from the start the rate is %.1f, want about %d", at.Sub(begun).Seconds(), got, DefaultRate)
		}
		p95 := `histogram_quantile(.95, sum by (le) (rate(http_request_duration_seconds_bucket{path="/api"}[1m])))`
		if got := w.one(at, p95); !(got > .1 && got < .25) {
			t.Errorf("%.1f s from the start p95 of /api is %.3f", at.Sub(begun).Seconds(), got)
		}
	}
	if got := w.at(time.Now(), seededMetric); len(got) > 0 {
		t.Error("the present is marked as made up")
	}
	// The same series go on: no label is different.
	for _, name := range []string{"http_requests_in_flight", ordersMetric, buildMetric, startMetric, "up"} {
		now, both := w.now("count("+name+")"), w.now(fmt.Sprintf(`count(%s and %s @ %d)`, name, name, begun.Add(-time.Minute).Unix()))
		if now != both {
			t.Errorf("%s: %v of %v live series have a past", name, both, now)
		}
	}
	// All values of le, which Prometheus itself rewrites.
	going := w.now(fmt.Sprintf(`count(count by (le) (http_request_duration_seconds_bucket and http_request_duration_seconds_bucket @ %d))`, begun.Add(-time.Minute).Unix()))
	if going != float64(len(bounds())) {
		t.Errorf("%v buckets of the past go on, want all %d", going, len(bounds()))
	}
	if refused := w.complaints(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	if future := w.one(time.Now().Add(4*time.Minute), `max(max_over_time(timestamp(up)[4m:1s]))`); !(math.IsNaN(future) || future <= float64(time.Now().Unix()+1)) {
		t.Errorf("samples at %v, in the future", future)
	}
}
