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
	c.look(func(shown *core) {
		var s scan.Scan
		s.Start(shown.source(), v)
		s.All()
	})
	return v.All
}

// reserved keeps the names of the Meter's families from being taken.
type reserved struct{ meter *Meter }

func (r reserved) Describe(ch chan<- *prometheus.Desc) { r.meter.Describe(ch) }
func (r reserved) Collect(chan<- prometheus.Metric)    {}

// fail counts a failure and says so, but not over and over.
func (c *core) fail(r guard.Reason, what string, why any) {
	if c.store.Failures[r].Add(1) == 1 {
		c.logger().Error("tacho: a collector failed in a scrape; its metrics are missing there. "+
			"Further failures of this kind are counted in tacho_scrape_errors_total only",
			"collector", what, "reason", guard.ReasonNames[r], "detail", why)
	}
}

// source is what scans read.
func (c *core) source() scan.Source {
	s := scan.Source{Store: c.store, Families: c.families}
	for _, own := range c.allLabelSets() {
		s.Metrics = append(s.Metrics, own)
	}
	return s
}

// Registerer returns the registry for the business's own metrics: whatever is
// registered here appears at the same endpoint. A collector that panics or hangs
// costs a scrape its own metrics only, also in the wrappers of client_golang
// (prometheus.WrapRegistererWith and its siblings). What cannot be caught is a panic
// in a goroutine that the collector has started itself.
func (m *Meter) Registerer() prometheus.Registerer {
	return guard.Registerer{Registerer: m.opts.Registerer, Timeout: m.core.opts.Endpoint.Timeout / 2, Fail: m.core.fail, Refuse: m.core.refusal}
}

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range m.families.Sorted {
		ch <- f.Desc
	}
}

// Collect implements prometheus.Collector, for registries that are not
// tacho's own. Within one collection the counter and the histogram of a label
// set agree, since one is derived from the other.
func (m *Meter) Collect(ch chan<- prometheus.Metric) {
	if !m.core.ready.Load() {
		return // it is being made
	}
	var mark mark
	if s := m.core.siblings; s != nil {
		mark = s.ownMark()
	}
	m.core.look(func(shown *core) {
		var s scan.Scan
		s.Start(shown.source(), &expo.Metrics{Add: func(x *expo.Metric) {
			mark.set(&x.Data)
			ch <- x
		}})
		s.All()
	})
}

// othersOf is a gatherer of all that others have registered: of this process, or
// of all.
func (c *core) othersOf(alone prometheus.Gatherer) prometheus.Gatherer {
	if c.siblings == nil {
		return alone
	}
	return prometheus.GathererFunc(c.siblings.gather)
}
