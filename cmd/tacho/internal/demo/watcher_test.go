package demo

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
)

// A watcher is Prometheus's own scraper, TSDB and engine around a demo.
type watcher struct {
	t      *testing.T
	db     *tsdb.DB
	engine *promql.Engine
	reg    *prometheus.Registry
}

// openData opens a TSDB as a server would.
func openData(t *testing.T, dir string) *watcher {
	t.Helper()
	reg := prometheus.NewRegistry()
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), reg, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: time.Minute, EnableAtModifier: true, Parser: parser.NewParser(parser.Options{}),
	})
	return &watcher{t, db, engine, reg}
}

// watch scrapes the shop's instances every so often until the test ends.
func watch(t *testing.T, d *Demo, data string, every time.Duration) *watcher {
	t.Helper()
	w := openData(t, data)
	cfg, err := config.Load(fmt.Sprintf("scrape_configs:\n- job_name: %s\n  scrape_interval: %s\n  scrape_timeout: %s\n",
		ShopJob, model.Duration(every), model.Duration(every)), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	o := &scrape.Options{DiscoveryReloadInterval: model.Duration(10 * time.Millisecond)}
	m, err := scrape.NewManager(o, nil, nil, nil, w.db, w.reg)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.ApplyConfig(cfg); err != nil {
		t.Fatal(err)
	}
	found := make(chan map[string][]*targetgroup.Group, 1)
	found <- map[string][]*targetgroup.Group{ShopJob: groups(d.Targets())}
	go m.Run(found)
	t.Cleanup(m.Stop) // before the database closes: clean-ups run backwards
	return w
}

func groups(targets []Target) (all []*targetgroup.Group) {
	for _, target := range targets {
		all = append(all, &targetgroup.Group{
			Source:  target.Instance,
			Targets: []model.LabelSet{{"__address__": model.LabelValue(target.Address)}},
			Labels:  model.LabelSet{"instance": model.LabelValue(target.Instance)},
		})
	}
	return all
}

// at answers an instant query.
func (w *watcher) at(when time.Time, query string) promql.Vector {
	w.t.Helper()
	q, err := w.engine.NewInstantQuery(context.Background(), w.db, nil, query, when)
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	defer q.Close()
	v, err := q.Exec(context.Background()).Vector()
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return append(promql.Vector(nil), v...)
}

// one is the value of a query that has at most one; NaN without any.
func (w *watcher) one(when time.Time, query string) float64 {
	w.t.Helper()
	v := w.at(when, query)
	switch len(v) {
	case 0:
		return math.NaN()
	case 1:
		return v[0].F
	}
	w.t.Fatalf("%s: %d values, at most one expected", query, len(v))
	return 0
}

func (w *watcher) now(query string) float64 {
	w.t.Helper()
	return w.one(time.Now(), query)
}

// complaints are the TSDB's and the scraper's counters of refused samples.
func (w *watcher) complaints() (all []string) {
	w.t.Helper()
	families, err := w.reg.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		name := f.GetName()
		if !strings.Contains(name, "out_of") && !strings.Contains(name, "duplicate_timestamp") {
			continue
		}
		for _, m := range f.GetMetric() {
			if n := m.GetCounter().GetValue(); n > 0 {
				all = append(all, fmt.Sprintf("%s %v", name, n))
			}
		}
	}
	return all
}
