package tacho

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// ownRegistry is the registry of a Meter that was not given one. The Meter's
// own families are not collected through client_golang but encoded straight
// from their cells; they only reserve their names. To everybody else it looks
// like any registry.
type ownRegistry struct {
	*prometheus.Registry // everything but the Meter's own families
	meter                *Meter
	others               atomic.Int64 // how many collectors there are
}

// Register implements prometheus.Registerer.
func (r *ownRegistry) Register(c prometheus.Collector) error {
	err := r.Registry.Register(c)
	if err == nil {
		r.others.Add(1)
	}
	return err
}

// MustRegister implements prometheus.Registerer.
func (r *ownRegistry) MustRegister(all ...prometheus.Collector) { mustRegister(r, all) }

// Unregister implements prometheus.Registerer.
func (r *ownRegistry) Unregister(c prometheus.Collector) bool {
	done := r.Registry.Unregister(c)
	if done {
		r.others.Add(-1)
	}
	return done
}

func mustRegister(r prometheus.Registerer, all []prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// Gather implements prometheus.Gatherer.
func (r *ownRegistry) Gather() ([]*dto.MetricFamily, error) {
	others, err := r.meter.core.othersOf(r.Registry).Gather()
	others = r.meter.core.foreign(others, expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping), false)
	all := append(slices.Clip(others), r.meter.families.gather(r.meter)...)
	sortFamilies(all)
	return all, err
}

// gather returns the Meter's own families.
func (f *families) gather(m *Meter) []*dto.MetricFamily {
	v := &gathering{}
	m.core.look(func(shown *core) {
		var s scan
		shown.scan(&s, v)
		s.all()
	})
	return v.families
}

// gathering is the visitor that makes client_golang's metric families.
type gathering struct {
	families []*dto.MetricFamily
	metrics  collecting
}

// emptyFamily is client_golang's form of a family, without series.
func emptyFamily(f *family) *dto.MetricFamily {
	kind := dto.MetricType(protoTypes[f.Kind])
	return &dto.MetricFamily{Name: &f.name, Help: &f.Help, Type: &kind}
}

func (g *gathering) begin(f *family) {
	g.families = append(g.families, emptyFamily(f))
	g.metrics.family = f
	g.metrics.add = func(m *metric) {
		last := g.families[len(g.families)-1]
		last.Metric = append(last.Metric, &m.data)
	}
}

func (g *gathering) number(v *values, n float64)     { g.metrics.number(v, n) }
func (g *gathering) histogram(v *values, r *reading) { g.metrics.histogram(v, r) }
func (g *gathering) end()                            {}

// reserved keeps the names of the Meter's families from being taken.
type reserved struct{ meter *Meter }

func (r reserved) Describe(ch chan<- *prometheus.Desc) { r.meter.Describe(ch) }
func (r reserved) Collect(chan<- prometheus.Metric)    {}

// guarded registers collectors such that a broken one costs a scrape no more
// than its own metrics.
type guarded struct {
	prometheus.Registerer
	core *core
}

// Register implements prometheus.Registerer.
func (g guarded) Register(c prometheus.Collector) error {
	inner, layers := unwrapped(c)
	if err := describable(inner); err != nil {
		return err
	}
	safe := &guard{Collector: inner, core: g.core}
	outer := rewrapped(safe, layers)
	safe.name = nameOf(outer, inner)
	err := g.Registerer.Register(outer)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if there, ok := already.ExistingCollector.(*guard); ok {
			already.ExistingCollector = there.Collector
		}
		already.NewCollector = c
		return already
	}
	if err != nil {
		return g.refusal(outer, err)
	}
	return nil
}

// MustRegister implements prometheus.Registerer.
func (g guarded) MustRegister(all ...prometheus.Collector) { mustRegister(g, all) }

// A guard collects from a collector that may panic or hang. Registries know a
// collector by what it describes, so that a guard stands for it in all they do.
type guard struct {
	prometheus.Collector
	core  *core
	name  string       // what complaints are filed under
	given atomic.Int32 // collections that were given up and are still under way
}

// Collect implements prometheus.Collector.
func (g *guard) Collect(ch chan<- prometheus.Metric) {
	if g.given.Load() > 0 {
		g.core.fail(reasonTimeout, g.name, "it still hangs")
		return
	}
	metrics := make(chan prometheus.Metric, 256)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer close(metrics)
		g.collect(metrics)
	}()
	g.forward(metrics, ch, finished)
}

// collect has the collector's metrics written here, where it can be waited for
// and may panic: functions of the user's (prometheus.GaugeFunc) run when a
// metric is written, not when it is collected.
func (g *guard) collect(to chan<- prometheus.Metric) {
	raw := make(chan prometheus.Metric, 256)
	go func() {
		defer close(raw)
		defer g.survive()
		g.Collector.Collect(raw)
	}()
	for m := range raw {
		if w := g.write(m); w != nil {
			to <- w
		}
	}
}

func (g *guard) write(m prometheus.Metric) *writtenMetric {
	defer g.survive()
	w := &writtenMetric{desc: m.Desc()}
	w.err = m.Write(&w.data)
	return w
}

func (g *guard) survive() {
	if v := recover(); v != nil {
		g.core.fail(reasonPanic, g.name, v)
	}
}

// A writtenMetric is a metric that cannot fail any more.
type writtenMetric struct {
	desc *prometheus.Desc
	data dto.Metric
	err  error
}

// Desc implements prometheus.Metric.
func (w *writtenMetric) Desc() *prometheus.Desc { return w.desc }

// Write implements prometheus.Metric.
func (w *writtenMetric) Write(out *dto.Metric) error {
	out.Label, out.TimestampMs = w.data.Label, w.data.TimestampMs
	out.Gauge, out.Counter, out.Summary = w.data.Gauge, w.data.Counter, w.data.Summary
	out.Untyped, out.Histogram = w.data.Untyped, w.data.Histogram
	return w.err
}

// forward passes metrics on until the collector has finished or its time is up.
// What comes later is thrown away, so that the collector can finish.
func (g *guard) forward(from <-chan prometheus.Metric, to chan<- prometheus.Metric, finished <-chan struct{}) {
	late := time.NewTimer(g.core.opts.ScrapeTimeout / 2)
	defer late.Stop()
	for {
		select {
		case m, ok := <-from:
			if !ok {
				return
			}
			to <- m
		case <-late.C:
			g.core.fail(reasonTimeout, g.name, "it took too long")
			g.given.Add(1)
			go func() {
				defer g.given.Add(-1)
				for range from {
				}
				<-finished
			}()
			return
		}
	}
}

// fail counts a failure and says so, but not over and over.
func (c *core) fail(r reason, what string, why any) {
	if c.failures[r].Add(1) == 1 {
		c.logger().Error("tacho: a collector failed in a scrape; its metrics are missing there. "+
			"Further failures of this kind are counted in tacho_scrape_errors_total only",
			"collector", what, "reason", reasonNames[r], "detail", why)
	}
}
