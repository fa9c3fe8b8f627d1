package tacho

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// ownRegistry is the registry of a Meter that was not given one. The Meter's
// own families are not collected through client_golang but encoded straight
// from their cells; they only reserve their names. To everybody else it looks
// like any registry.
type ownRegistry struct {
	*prometheus.Registry // everything but the Meter's own families
	meter                *Meter
}

// Gather implements prometheus.Gatherer.
func (r *ownRegistry) Gather() ([]*dto.MetricFamily, error) {
	others, err := r.Registry.Gather()
	all := append(others, r.meter.families.gather(r.meter)...)
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, err
}

// gather returns the Meter's own families.
func (f *families) gather(m *Meter) []*dto.MetricFamily {
	var s scan
	v := &gathering{}
	m.scan(&s, v)
	s.all()
	return v.families
}

// gathering is the visitor that makes client_golang's metric families.
type gathering struct {
	families []*dto.MetricFamily
	metrics  collecting
}

func (g *gathering) begin(f *family) {
	kind := dto.MetricType(protoTypes[f.Kind])
	g.families = append(g.families, &dto.MetricFamily{Name: &f.name, Help: &f.Help, Type: &kind})
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
	err := g.Registerer.Register(&guard{Collector: c, core: g.core})
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if there, ok := already.ExistingCollector.(*guard); ok {
			already.ExistingCollector = there.Collector
		}
		already.NewCollector = c
		return already
	}
	return err
}

// MustRegister implements prometheus.Registerer.
func (g guarded) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := g.Register(c); err != nil {
			panic(err)
		}
	}
}

// A guard collects from a collector that may panic or hang. Registries know a
// collector by what it describes, so that a guard stands for it in all they do.
type guard struct {
	prometheus.Collector
	core *core
	busy atomic.Bool // a collection that was given up is still under way
}

// Collect implements prometheus.Collector.
func (g *guard) Collect(ch chan<- prometheus.Metric) {
	if !g.busy.CompareAndSwap(false, true) {
		g.core.fail(reasonTimeout, g.name(), "it still hangs")
		return
	}
	metrics := make(chan prometheus.Metric, 256)
	go func() {
		defer g.busy.Store(false)
		defer close(metrics)
		defer func() {
			if v := recover(); v != nil {
				g.core.fail(reasonPanic, g.name(), v)
			}
		}()
		g.Collector.Collect(metrics)
	}()
	g.forward(metrics, ch)
}

// forward passes metrics on until the collector has finished or its time is up.
// What comes later is thrown away, so that the collector can finish.
func (g *guard) forward(from <-chan prometheus.Metric, to chan<- prometheus.Metric) {
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
			g.core.fail(reasonTimeout, g.name(), "it took too long")
			go func() {
				for range from {
				}
			}()
			return
		}
	}
}

// name is what a collector's complaints are filed under: the first metric that
// it describes, or its type.
func (g *guard) name() string {
	descs := make(chan *prometheus.Desc, 1)
	go func() {
		defer close(descs)
		g.Describe(descs)
	}()
	name := fmt.Sprintf("%T", g.Collector)
	for d := range descs {
		if d != nil && name[0] != '"' {
			if _, rest, ok := strings.Cut(d.String(), `fqName: "`); ok {
				quoted, _, _ := strings.Cut(rest, `"`)
				name = `"` + quoted + `"`
			}
		}
	}
	return name
}

// fail counts a failure and says so, but not over and over.
func (c *core) fail(r reason, what string, why any) {
	if c.failures[r].Add(1) == 1 {
		c.logger().Error("tacho: a collector failed in a scrape; its metrics are missing there. "+
			"Further failures of this kind are counted in tacho_scrape_errors_total only",
			"collector", what, "reason", reasonNames[r], "detail", why)
	}
}
