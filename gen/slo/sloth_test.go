package slo_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// ratios plays a load against tacho's and Sloth's rules of sloth.yml, and returns the ratios of bad events
// of both by window. The load is the requests and the failures in 15 seconds.
func ratios(t *testing.T, steps int, load func(step int) (all, bad float64)) (ours, theirs map[string]float64) {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute})
	manager := rules.NewManager(&rules.ManagerOptions{
		Context: t.Context(), AppendableV2: db, Parser: parser.NewParser(parser.Options{}), Queryable: db, QueryFunc: rules.EngineQueryFunc(engine, db),
		Logger: promslog.NewNopLogger(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, ruleFile(t, slo.Options{}, read(t, "testdata/sloth.yml")...), 0o600); err != nil {
		t.Fatal(err)
	}
	groups, errs := manager.LoadGroups(15*time.Second, labels.EmptyLabels(), "", nil, false, file, "testdata/sloth.generated.yml")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	good, failed := 1e6, 1e6 // a service that has run before
	var at time.Time
	for step := range steps {
		at = monthBegan.Add(time.Duration(step) * 15 * time.Second)
		all, bad := load(step)
		good, failed = good+all-bad, failed+bad
		app := db.AppenderV2(t.Context())
		for code, v := range map[string]float64{"200": good, "503": failed} {
			l := labels.FromStrings("__name__", "http_request_duration_seconds_count", "job", "myservice", "code", code)
			if _, err := app.Append(0, l, 0, at.UnixMilli(), v, nil, nil, storage.AppendV2Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, g := range inOrder(groups) {
			last := step == steps-1
			slow := strings.HasSuffix(g.Name(), " budget")
			if ownRules := strings.HasPrefix(g.Name(), "tacho"); ownRules && (!slow || step%4 == 0 || last) || last {
				g.Eval(t.Context(), at)
			}
		}
	}
	values := func(expr, window string) map[string]float64 {
		q, err := engine.NewInstantQuery(t.Context(), db, nil, expr, at)
		if err != nil {
			t.Fatal(err)
		}
		found, err := q.Exec(t.Context()).Vector()
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]float64{}
		for _, s := range found {
			by[s.Metric.Get(window)] = s.F
		}
		return by
	}
	return values(slo.BurnRate+" * 0.001", "window"), values(`{__name__=~"slo:sli_error:ratio_rate.*"}`, "sloth_window")
}

// TestSloth: the ratios of bad events are those of Sloth's library on the same series, within 1e-9: of the
// windows up to an hour under any load, and of all that alert under a steady one. (Longer windows are
// sums of recorded increases, which have other ends.)
func TestSloth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name    string
		load    func(int) (float64, float64)
		windows []string
		within  float64
	}{
		{"any load", func(int) (float64, float64) { n := 100 + 1000*random.Float64(); return n, n * random.Float64() / 50 }, []string{"5m", "30m", "1h"}, 1e-9},
		{"steady load", func(int) (float64, float64) { return 600, 3 }, []string{"5m", "30m", "1h", "2h", "6h", "1d", "3d"}, 1e-9},
		{"any load, long windows", func(int) (float64, float64) { n := 100 + 1000*random.Float64(); return n, n * random.Float64() / 50 }, []string{"2h", "6h", "1d", "3d"}, 1e-3},
	} {
		ours, theirs := ratios(t, 720, tt.load)
		for _, w := range tt.windows {
			a, okA := ours[w]
			b, okB := theirs[w]
			t.Logf("%s, %s: %.12f, Sloth %.12f", tt.name, w, a, b)
			if !okA || !okB || b == 0 || math.Abs(a-b) > tt.within {
				t.Errorf("%s, %s: %v, Sloth has %v", tt.name, w, a, b)
			}
		}
	}
}

// TestSlothDiffers where tacho differs on purpose: a busy hour weighs more than an idle one.
func TestSlothDiffers(t *testing.T) {
	// An hour with many requests, all good, then an hour with few of which half fail.
	load := func(step int) (float64, float64) {
		if step < 240 {
			return 10_000, 0
		}
		return 10, 5
	}
	ours, theirs := ratios(t, 480, load)
	if want := 5. / 10_010; math.Abs(ours["30d"]-want) > want/20 {
		t.Errorf("of all requests %v failed, by hand %v", ours["30d"], want)
	}
	if theirs["5m"] < .49 {
		t.Errorf("Sloth's ratio of the last five minutes is %v", theirs["5m"])
	}
}
