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
	all := append(slices.Clip(others), r.meter.families.gather(r.meter)...)
	expo.Sort(all)
	return all, err
}

// gather returns the Meter's own families.
func (f *families) gather(m *Meter) []*dto.MetricFamily {
	v := &expo.Families{}
	m.core.look(func(shown *core) {
		var s scan
		shown.scan(&s, v)
		s.all()
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
