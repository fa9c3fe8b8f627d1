package rules_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
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

	generated "github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/verdict"
)

// A shop is a simulated service whose samples, rules and verdicts are computed scrape by scrape.
type shop struct {
	t       testing.TB
	db      *tsdb.DB
	engine  *promql.Engine
	groups  []*rules.Group
	verdict *verdict.Engine
	options generated.Options

	now      time.Time
	interval time.Duration
	random   *rand.Rand
	counters map[string]*counter
	refs     map[string]storage.SeriesRef
	started  map[string]time.Time // by instance
	version  string
	traffic  []traffic
	missing  map[string]bool             // instances that are not scraped
	waiting  func(time.Duration) float64 // requests of instance b that wait for a connection of the pool "orders"
}

type counter struct {
	labels labels.Labels
	value  float64
}

// A traffic is the load of one route on one instance. Its functions may depend on the time since the
// beginning.
type traffic struct {
	instance, method, path string
	rate                   func(time.Duration) float64 // requests per second
	errors                 func(time.Duration) float64 // their share
	latency                func(time.Duration) float64 // the usual latency in seconds
}

var shopBegan = time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)

func newShop(t testing.TB, all ...traffic) *shop {
	t.Helper()
	return newShopOf(t, generated.Options{Schemas: []schema.Schema{schema.Default()}}, all...)
}

func newShopOf(t testing.TB, o generated.Options, all ...traffic) *shop {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &shop{
		t: t, db: db, now: shopBegan, interval: 15 * time.Second, random: rand.New(rand.NewPCG(1, 2)), version: "1.0.0", traffic: all,
		counters: make(map[string]*counter), refs: make(map[string]storage.SeriesRef), started: make(map[string]time.Time), missing: make(map[string]bool),
		engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute}),
	}
	s.options, s.verdict = o, verdict.New(s, o.Verdict())
	s.loadRules(o)
	return s
}

func (s *shop) loadRules(o generated.Options) {
	s.t.Helper()
	text, err := generated.YAML(generated.Recording(o), generated.Alerts(o))
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	m := rules.NewManager(&rules.ManagerOptions{
		Context: s.t.Context(), AppendableV2: s.db, Parser: parser.NewParser(parser.Options{}), Queryable: s.db, QueryFunc: rules.EngineQueryFunc(s.engine, s.db),
		Logger: promslog.NewNopLogger(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	groups, errs := m.LoadGroups(s.interval, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		s.t.Fatal(errs)
	}
	for _, g := range groups {
		s.groups = append(s.groups, g)
		for _, r := range g.AlertingRules() {
			r.SetRestored(true) // nothing is to be restored; until then, no alert is recorded
		}
	}
	slices.SortFunc(s.groups, func(a, b *rules.Group) int { return strings.Compare(b.Name(), a.Name()) }) // recording first
}

// run goes on until a time since the beginning, and returns the verdict of the last round.
func (s *shop) run(until time.Duration, watch ...func(*verdict.Verdict)) *verdict.Verdict {
	s.t.Helper()
	for s.now.Before(shopBegan.Add(until)) {
		s.now = s.now.Add(s.interval)
		s.scrape()
		for _, g := range s.groups {
			g.Eval(s.t.Context(), s.now)
		}
		if s.verdict == nil {
			continue
		}
		v, err := s.verdict.Round(s.t.Context(), s.now)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, w := range watch {
			w(v)
		}
	}
	if s.verdict == nil {
		return nil
	}
	return s.verdict.Latest()
}

// description is the text of the first active alert of a rule.
func (s *shop) description(t *testing.T, alert string) string {
	t.Helper()
	for _, g := range s.groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if r.Name() == alert {
					return a.Annotations.Get("description")
				}
			}
		}
	}
	t.Fatalf("%s is not active", alert)
	return ""
}

// scrape counts the requests since the last scrape, and appends a sample of each series.
func (s *shop) scrape() {
	since := s.now.Sub(shopBegan)
	app := s.db.AppenderV2(s.t.Context())
	put := func(l labels.Labels, v float64) {
		key := l.String()
		ref, err := app.Append(s.refs[key], l, 0, s.now.UnixMilli(), v, nil, nil, storage.AppendV2Options{})
		if err != nil {
			s.t.Fatal(err)
		}
		s.refs[key] = ref
	}
	instances := make(map[string]bool)
	for _, t := range s.traffic {
		instances[t.instance] = true
		if !s.missing[t.instance] {
			s.serve(t, since)
		}
	}
	for instance := range instances {
		at := labels.FromStrings("__name__", "up", "job", "shop", "instance", instance)
		if s.missing[instance] {
			put(at, 0)
			continue
		}
		if s.started[instance].IsZero() {
			s.started[instance] = shopBegan.Add(-time.Hour)
		}
		put(at, 1)
		put(labels.FromStrings("__name__", "process_start_time_seconds", "job", "shop", "instance", instance), float64(s.started[instance].Unix()))
		put(labels.FromStrings("__name__", "shop_build_info", "job", "shop", "instance", instance, "version", s.version), 1)
	}
	if s.waiting != nil {
		for _, instance := range []string{"a", "b"} {
			s.count(0, "go_sql_wait_duration_seconds_total", traffic{instance: instance}, "db_name", "orders")
		}
		s.count(s.waiting(since)*s.interval.Seconds(), "go_sql_wait_duration_seconds_total", traffic{instance: "b"}, "db_name", "orders")
	}
	for _, c := range s.counters {
		if !s.missing[c.labels.Get("instance")] {
			put(c.labels, c.value)
		}
	}
	if err := app.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

var bounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// serve counts the requests of a route: their number and latencies are random.
func (s *shop) serve(t traffic, since time.Duration) {
	mean := t.rate(since) * s.interval.Seconds()
	n := int(mean)
	if s.random.Float64() < mean-float64(n) {
		n++
	}
	share, usual := t.errors(since), t.latency(since)
	s.count(0, "http_requests_total", t, "status", "200") // from zero, as the library does
	for range n {
		status := "200"
		if s.random.Float64() < share {
			status = "500"
		}
		s.count(1, "http_requests_total", t, "status", status)
		took := usual * math.Exp(s.random.NormFloat64()*0.3)
		for _, b := range bounds {
			s.count(float64(b2i(took <= b)), "http_request_duration_seconds_bucket", t, "le", fmt.Sprint(b))
		}
		s.count(1, "http_request_duration_seconds_bucket", t, "le", "+Inf")
		s.count(1, "http_request_duration_seconds_count", t)
		s.count(took, "http_request_duration_seconds_sum", t)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *shop) count(by float64, name string, t traffic, more ...string) {
	id := name + t.instance + t.method + t.path + strings.Join(more, "")
	c := s.counters[id]
	if c == nil {
		c = &counter{labels: labels.FromStrings(append([]string{"__name__", name, "job", "shop", "instance", t.instance, "method", t.method, "path", t.path}, more...)...).WithoutEmpty()}
		s.counters[id] = c
	}
	c.value += by
}

// restart starts an instance anew: its counters begin at zero.
func (s *shop) restart(instance, version string) {
	s.started[instance], s.version = s.now, version
	for id, c := range s.counters {
		if c.labels.Get("instance") == instance {
			delete(s.counters, id)
		}
	}
}

// Query implements verdict.Querier.
func (s *shop) Query(ctx context.Context, expr string, at time.Time) ([]verdict.Series, error) {
	q, err := s.engine.NewInstantQuery(ctx, s.db, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	vector, err := q.Exec(ctx).Vector()
	if err != nil {
		return nil, err
	}
	var all []verdict.Series
	for _, x := range vector {
		all = append(all, verdict.Series{Labels: x.Metric.Map(), Points: []verdict.Point{{At: time.UnixMilli(x.T).UTC(), Value: x.F}}})
	}
	return all, nil
}

// QueryRange implements verdict.Querier.
func (s *shop) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) ([]verdict.Series, error) {
	q, err := s.engine.NewRangeQuery(ctx, s.db, nil, expr, start, end, step)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	matrix, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, err
	}
	var all []verdict.Series
	for _, x := range matrix {
		one := verdict.Series{Labels: x.Metric.Map()}
		for _, p := range x.Floats {
			one.Points = append(one.Points, verdict.Point{At: time.UnixMilli(p.T).UTC(), Value: p.F})
		}
		all = append(all, one)
	}
	return all, nil
}
