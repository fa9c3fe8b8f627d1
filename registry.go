package tacho

import (
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/scan"
)

// ownRegistry is the registry of a Meter without Options.Registerer. The Meter's own families are
// not collected through client_golang but encoded directly from their cells; the registry only
// reserves their names. Otherwise it behaves like any registry.
type ownRegistry struct {
	*prometheus.Registry // everything but the Meter's own families
	meter                *Meter
	others               atomic.Int64 // the number of collectors
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
func (r *ownRegistry) MustRegister(all ...prometheus.Collector) { guard.MustRegister(r, all) }

// Unregister implements prometheus.Registerer.
func (r *ownRegistry) Unregister(c prometheus.Collector) bool {
	done := r.Registry.Unregister(c)
	if done {
		r.others.Add(-1)
	}
	return done
}

// Gather implements prometheus.Gatherer.
func (r *ownRegistry) Gather() ([]*dto.MetricFamily, error) {
	others, err := r.meter.core.othersOf(r.Registry).Gather()
	others = r.meter.core.foreign(others, expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping), false)
	all := append(slices.Clip(others), r.meter.core.gather()...)
	expo.Sort(all)
	return all, err
}

// gather returns the Meter's own families.
func (c *core) gather() []*dto.MetricFamily {
	v := &expo.Families{}
	c.view(func(shown *core) {
		var s scan.Scan
		s.Start(shown.source(), v)
		s.All()
	})
	return v.All
}

// reserved prevents other collectors from using the names of the Meter's families.
type reserved struct{ meter *Meter }

func (r reserved) Describe(ch chan<- *prometheus.Desc) { r.meter.Describe(ch) }
func (r reserved) Collect(chan<- prometheus.Metric)    {}

// fail counts a failure and logs it, but not repeatedly.
func (c *core) fail(r guard.Reason, what string, why any) {
	if c.store.Failures[r].Add(1) == 1 {
		c.logger().Error("tacho: a collector failed in a scrape; its metrics are missing there. "+
			"Further failures of this kind are counted in tacho_scrape_errors_total only",
			"collector", what, "reason", guard.ReasonNames[r], "detail", why)
	}
}

// source returns the source of scans.
func (c *core) source() scan.Source {
	s := scan.Source{Store: c.store, Families: c.families}
	for _, own := range c.allLabelSets() {
		s.Metrics = append(s.Metrics, own)
	}
	return s
}

// Registerer returns the registry for the service's own metrics: the same endpoint serves whatever
// is registered here. A collector that panics or hangs only loses its own metrics in a scrape, also
// behind the wrappers of client_golang (such as prometheus.WrapRegistererWith). A panic in a
// goroutine that the collector itself has started cannot be recovered.
func (m *Meter) Registerer() prometheus.Registerer {
	return guard.Registerer{Registerer: m.opts.Registerer, Timeout: m.core.opts.Endpoint.Timeout / 2, Fail: m.core.fail, Refuse: m.core.refusal}
}

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range m.families.Sorted {
		ch <- f.Desc
	}
}

// Collect implements prometheus.Collector, for registries other than tacho's own. Within one
// collection the counter and the histogram of a label set agree, because one is derived from the
// other.
func (m *Meter) Collect(ch chan<- prometheus.Metric) {
	if !m.core.ready.Load() {
		return // New has not finished
	}
	var mark mark
	if s := m.core.siblings; s != nil {
		mark = s.ownMark()
	}
	m.core.view(func(shown *core) {
		var s scan.Scan
		s.Start(shown.source(), &expo.Metrics{Add: func(x *expo.Metric) {
			mark.set(&x.Data)
			ch <- x
		}})
		s.All()
	})
}

// othersOf returns a gatherer of all other metrics: of this process, or of all processes.
func (c *core) othersOf(alone prometheus.Gatherer) prometheus.Gatherer {
	if c.siblings == nil {
		return alone
	}
	return prometheus.GathererFunc(c.siblings.gather)
}
