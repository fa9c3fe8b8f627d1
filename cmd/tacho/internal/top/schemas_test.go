package top

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/gen/rules"
)

// TestAsServe: the table of every library's exposition has the numbers that
// the server's rules compute from the same two scrapes, the second of which has
// all values of the first twice.
func TestAsServe(t *testing.T) {
	files, err := filepath.Glob("../../../../schema/testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	engine := promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			first := scrapeOf(t, file(t, name))
			second := doubled(first)
			storage := promqltest.LoadedStorage(t, loading(first, second))
			ask := func(expr string) promql.Vector {
				q, err := engine.NewInstantQuery(t.Context(), storage, nil, expr, time.Unix(59, 0))
				if err != nil {
					t.Fatal(err)
				}
				defer q.Close()
				v, err := q.Exec(t.Context()).Vector()
				if err != nil {
					t.Fatalf("%s: %v", expr, err)
				}
				return v
			}
			w := watching(1, time.Minute, 0)
			for i, s := range []doctor.Scrape{first, second} {
				r := Read(s)
				r.At = at(float64(59 * i))
				w.Take(0, r)
			}
			compareWithRules(t, w.Frame(at(60)), ask)
		})
	}
}

func doubled(s doctor.Scrape) doctor.Scrape {
	twice := doctor.Scrape{Families: s.Families}
	for _, m := range s.Samples {
		m.Value *= 2
		twice.Samples = append(twice.Samples, m)
	}
	return twice
}

// loading is what promqltest calls two samples of each series.
func loading(first, second doctor.Scrape) string {
	var b strings.Builder
	b.WriteString("load 59s\n")
	for i, s := range first.Samples {
		if !math.IsNaN(s.Value) {
			set := labels.NewBuilder(s.Labels).Set("job", "x").Labels()
			fmt.Fprintf(&b, "  %s %v %v\n", set, s.Value, second.Samples[i].Value)
		}
	}
	return b.String()
}

// A record is what the rules say of one schema. Libraries without a method on
// their latency have it in a row of its own there, and here in that of the
// path's only method: the time is compared by path.
type record struct {
	requests         map[Route]float64
	p95              map[Route]float64
	seconds          map[string]float64
	errors, inFlight float64
}

func recorded(schema string, ask func(string) promql.Vector) record {
	all := record{requests: map[Route]float64{}, p95: map[Route]float64{}, seconds: map[string]float64{}, inFlight: math.NaN()}
	note := map[string]func(Route, promql.Sample){
		rules.Requests: func(r Route, s promql.Sample) {
			all.requests[r] += s.F
			if errorStatus.MatchString(s.Metric.Get("status")) {
				all.errors += s.F
			}
		},
		rules.Seconds:  func(r Route, s promql.Sample) { all.seconds[r.Path] += s.F },
		rules.InFlight: func(_ Route, s promql.Sample) { all.inFlight = s.F },
		rules.Buckets:  func(r Route, s promql.Sample) { all.p95[r] = s.F },
	}
	for _, rule := range rules.Recording(rules.Options{}).Rules {
		expr := rule.Expr
		if rule.Record == rules.Buckets {
			expr = "histogram_quantile(0.95, " + expr + ")"
		}
		if rule.Labels["schema"] == schema {
			for _, s := range ask(expr) {
				note[rule.Record](Route{s.Metric.Get("method"), s.Metric.Get("path")}, s)
			}
		}
	}
	return all
}

func compareWithRules(t *testing.T, p Frame, ask func(string) promql.Vector) {
	want := recorded(p.Schemas[0], ask)
	if len(want.requests) == 0 {
		t.Fatal("the rules record nothing")
	}
	seconds, errors := map[string]float64{}, 0.0
	for _, row := range p.Rows {
		if !roughly(row.Rate, want.requests[row.Route]) {
			t.Errorf("%v: %v requests a second, the rule says %v", row.Route, row.Rate, want.requests[row.Route])
		}
		if p95, ok := want.p95[row.Route]; ok && !roughly(row.P95, p95) {
			t.Errorf("%v: p95 is %v, the rule says %v", row.Route, row.P95, p95)
		}
		seconds[row.Path] += row.seconds
		if row.Rate > 0 && !math.IsNaN(row.ErrorRatio) {
			errors += row.ErrorRatio * row.Rate
		}
		delete(want.requests, row.Route)
	}
	if len(want.requests) > 0 {
		t.Errorf("rows are missing: %v", want.requests)
	}
	for path, n := range want.seconds {
		if !roughly(seconds[path], n) {
			t.Errorf("%s: %v seconds a second, the rule says %v", path, seconds[path], n)
		}
	}
	if !roughly(errors, want.errors) || !roughly(p.Total.InFlight, want.inFlight) {
		t.Errorf("errors %v, in flight %v; the rules say %v and %v", errors, p.Total.InFlight, want.errors, want.inFlight)
	}
}

// roughly: rates are extrapolated to the minute, by less than this.
func roughly(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-3*math.Max(math.Abs(a), math.Abs(b))
}
