package slo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	"github.com/tacho-go/tacho/schema"
)

// BenchmarkEvaluation is one evaluation of all rules of two objectives, for a service with 100 routes and an
// hour of samples: reading the names of all schemas, and of the only one in use.
func BenchmarkEvaluation(b *testing.B) {
	db, err := tsdb.Open(b.TempDir(), promslog.NewNopLogger(), nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	const steps = 240
	for step := range steps {
		app := db.AppenderV2(b.Context())
		for route := range 100 {
			for _, series := range [][]string{
				{"__name__", "http_requests_total", "status", "200"}, {"__name__", "http_requests_total", "status", "500"},
				{"__name__", "http_request_duration_seconds_count", "status", "200"},
				{"__name__", "http_request_duration_seconds_bucket", "status", "200", "le", "0.25"}, {"__name__", "http_request_duration_seconds_bucket", "status", "200", "le", "+Inf"},
			} {
				l := labels.FromStrings(append(series, "job", "shop", "method", "GET", "path", fmt.Sprint("/route/", route))...)
				if _, err := app.Append(0, l, 0, monthBegan.Add(time.Duration(step)*15*time.Second).UnixMilli(), float64(step), nil, nil, storage.AppendV2Options{}); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Minute})
	for name, used := range map[string][]schema.Schema{"all schemas": nil, "in use": {schema.Default()}} {
		b.Run(name, func(b *testing.B) {
			var objectives []slo.Objective
			for _, text := range []string{"shop: 99.5% available", "shop: 99.9% below 250ms"} {
				o, err := slo.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				objectives = append(objectives, o)
			}
			groups := evaluable(b, db, engine, slo.Options{SchemasFunc: func(string) []schema.Schema { return used }}, objectives)
			at := monthBegan.Add(steps * 15 * time.Second)
			for b.Loop() {
				for _, g := range groups {
					g.Eval(b.Context(), at)
				}
				at = at.Add(time.Millisecond)
			}
		})
	}
}

// evaluable are the rules of objectives, loaded.
func evaluable(b *testing.B, db *tsdb.DB, engine *promql.Engine, o slo.Options, objectives []slo.Objective) map[string]*rules.Group {
	b.Helper()
	manager := rules.NewManager(&rules.ManagerOptions{
		Context: b.Context(), AppendableV2: db, Parser: parser.NewParser(parser.Options{}), Queryable: db, QueryFunc: rules.EngineQueryFunc(engine, db),
		Logger: promslog.NewNopLogger(), NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	file := filepath.Join(b.TempDir(), "rules.yml")
	if err := os.WriteFile(file, ruleFile(b, o, objectives...), 0o600); err != nil {
		b.Fatal(err)
	}
	groups, errs := manager.LoadGroups(15*time.Second, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		b.Fatal(errs)
	}
	return groups
}
