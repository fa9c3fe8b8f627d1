package slo_test

import (
	"cmp"
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tacho-go/tacho/gen/slo"
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
)

// monthBegan is an aligned time.
var monthBegan = time.Unix(1_700_000_040, 0)

// An outage fails a part of the requests for a while.
type outage struct {
	from, lasts time.Duration
	ratio       float64
	pages       time.Duration // after the first failure, by the workbook's formula; 0 for never
}

// ends is when it is over.
func (o outage) ends() time.Duration { return o.from + o.lasts }

// outages of a month with an objective of 99.9%. The workbook's detection time of the pair of an hour is
// 14.4 * 0.1% / ratio * 1 h, of the pair of six hours 6 * 0.1% / ratio * 6 h.
var outages = []outage{
	{5*day + 14*time.Hour, time.Hour, .01, 0},                                 // burns 10, which an hour of is allowed
	{12*day + 10*time.Hour, 10 * minute, 1, 52 * time.Second},                 // everything fails
	{20*day + 9*time.Hour, 2 * time.Hour, .03, 28*minute + 48*time.Second},    // burns 30
	{25*day + 8*time.Hour, 6 * time.Hour, .008, 4*time.Hour + 30*time.Minute}, // burns 8: the pair of six hours
}

// month simulates a service that is idle at night.
type month struct {
	t      *testing.T
	db     *tsdb.DB
	engine *promql.Engine
	groups []*rules.Group

	ok, failed float64
}

func perMinute(at time.Duration) float64 {
	if hour := at % day / time.Hour; hour < 6 {
		return 0
	}
	return 600
}

// at is the part that fails.
func ratioAt(at time.Duration) float64 {
	for _, o := range outages {
		if at > o.from && at <= o.ends() {
			return o.ratio
		}
	}
	return 0
}

func newMonth(t *testing.T, o slo.Options, objective slo.Objective) *month {
	t.Helper()
	kept := tsdb.DefaultOptions()
	kept.RetentionDuration = (40 * day).Milliseconds()
	db, err := tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, kept, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	// The service has run before: rate() assumes that a counter near zero has just begun, and counts less.
	m := &month{t: t, ok: 1e8, failed: 1e5, db: db, engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute})}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, ruleFile(t, o, objective), 0o600); err != nil {
		t.Fatal(err)
	}
	manager := rules.NewManager(&rules.ManagerOptions{
		Context: t.Context(), AppendableV2: db, Parser: parser.NewParser(parser.Options{}), Queryable: db, QueryFunc: rules.EngineQueryFunc(m.engine, db),
		Logger: promslog.NewNopLogger(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	groups, errs := manager.LoadGroups(o.Interval, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	m.groups = inOrder(groups)
	for _, g := range m.groups {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true)
		}
	}
	return m
}

// inOrder puts the budget's group after the one it reads from. Tests evaluate both at the same time: in the other order, the
// budget lacks the last sample. Prometheus gives each group an offset of its own.
func inOrder(groups map[string]*rules.Group) []*rules.Group {
	return slices.SortedFunc(maps.Values(groups), func(a, b *rules.Group) int { return cmp.Compare(a.Name(), b.Name()) })
}

// scrape counts the requests of a minute.
func (m *month) scrape(at time.Duration) {
	m.ok += perMinute(at) * (1 - ratioAt(at))
	m.failed += perMinute(at) * ratioAt(at)
	app := m.db.AppenderV2(m.t.Context())
	for status, v := range map[string]float64{"200": m.ok, "500": m.failed} {
		l := labels.FromStrings("__name__", "http_requests_total", "job", "shop", "method", "GET", "path", "/", "status", status)
		if _, err := app.Append(0, l, 0, monthBegan.Add(at).UnixMilli(), v, nil, nil, storage.AppendV2Options{}); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		m.t.Fatal(err)
	}
}

// eval evaluates the rules: all of them near an outage, and otherwise the few from which the others look
// back.
func (m *month) eval(at time.Duration, all bool) {
	for _, g := range m.groups {
		if strings.HasSuffix(g.Name(), " budget") && at%(4*minute) != 0 {
			continue
		}
		if all {
			g.Eval(m.t.Context(), monthBegan.Add(at))
			continue
		}
		for _, r := range g.Rules() {
			if strings.HasSuffix(r.Name(), ":rate") || strings.HasSuffix(r.Name(), ":increase") {
				m.record(r, monthBegan.Add(at))
			}
		}
	}
}

func (m *month) record(r rules.Rule, at time.Time) {
	found, err := r.Eval(m.t.Context(), 0, at, rules.EngineQueryFunc(m.engine, m.db), nil, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	app := m.db.AppenderV2(m.t.Context())
	for _, s := range found {
		if _, err := app.Append(0, s.Metric, 0, s.T, s.F, nil, nil, storage.AppendV2Options{}); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		m.t.Fatal(err)
	}
}

// firing are the long windows of the alerts that page.
func (m *month) firing() (windows []string) {
	for _, g := range m.groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if a.State == rules.StateFiring && a.Labels.Get("severity") == "critical" {
					windows = append(windows, a.Labels.Get("window"))
				}
			}
		}
	}
	return windows
}

// value is the value of an expression with one result.
func (m *month) value(expr string, at time.Duration) float64 {
	q, err := m.engine.NewInstantQuery(m.t.Context(), m.db, nil, expr, monthBegan.Add(at))
	if err != nil {
		m.t.Fatal(err)
	}
	v, err := q.Exec(m.t.Context()).Vector()
	if err != nil || len(v) != 1 {
		m.t.Fatalf("%s: %v, %v", expr, v, err)
	}
	return v[0].F
}

// TestMonth: in 30 days with nights without requests, the page is silent for what the budget allows, fires
// within the workbook's detection time, and resets within the short window; the budget that is left is
// the one computed by hand.
func TestMonth(t *testing.T) {
	t.Parallel()
	o := one
	o.Interval, o.Window = minute, 4*minute
	m := newMonth(t, o, parse(t, "shop: 99.9% available")[0])
	for at := minute; at <= 30*day; at += minute {
		m.scrape(at)
		near := at > 30*day-10*minute
		for _, x := range outages {
			near = near || at > x.from-10*minute && at <= x.ends()+time.Hour
		}
		m.eval(at, near)
		if near {
			m.check(at)
		}
	}
	bad, all := 0.0, 0.0
	for at := minute; at <= 30*day; at += minute {
		bad, all = bad+perMinute(at)*ratioAt(at), all+perMinute(at)
	}
	want := 1 - bad/all/.001
	got := m.value(slo.Budget, 30*day)
	t.Logf("of the budget %.4f is left, by hand %.4f", got, want)
	if math.Abs(got-want) > 1e-3 {
		t.Errorf("of the budget %v is left, by hand %v", got, want)
	}
	idle := m.value(slo.BurnRate+`{window="1h"}`, 30*day)
	if idle != 0 {
		t.Errorf("without requests it burns %v", idle)
	}
}

// resets is how long a pair fires after the last failure: its short window.
var resets = map[string]time.Duration{"1h": 5 * minute, "6h": 30 * minute}

// check compares with what the workbook promises. An evaluation and a scrape take up to a minute each; the
// window of six hours is evaluated every four.
func (m *month) check(at time.Duration) {
	m.t.Helper()
	firing := m.firing()
	for _, x := range outages {
		since, over := at-x.from, at-x.ends()
		if since <= 0 || over > time.Hour {
			continue
		}
		switch {
		case len(firing) > 0 && (x.pages == 0 || since < x.pages):
			m.t.Errorf("%v: it pages %v after the beginning of %+v", at, since, x)
		case len(firing) == 0 && x.pages > 0 && since > x.pages+6*minute && over <= 0,
			len(firing) == 0 && x.pages > 0 && x.pages < time.Hour && since > x.pages+2*minute && over <= 0:
			m.t.Errorf("%v: it does not page %v after the beginning of %+v", at, since, x)
		}
		for _, window := range firing {
			if over > resets[window]+4*minute {
				m.t.Errorf("%v: the pair of %s pages %v after the end of %+v", at, window, over, x)
			}
		}
	}
}
