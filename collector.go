package tacho

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/expo"
)

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range m.families.sorted {
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
		mark = s.mark
	}
	m.core.look(func(shown *core) {
		var s scan
		shown.scan(&s, &expo.Metrics{Add: func(x *expo.Metric) {
			mark.set(&x.Data)
			ch <- x
		}})
		s.all()
	})
}
