package tacho

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range m.families.sorted {
		ch <- f.desc
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
		shown.scan(&s, &collecting{add: func(x *metric) {
			mark.set(&x.data)
			ch <- x
		}})
		s.all()
	})
}

// collecting is the visitor that makes client_golang's metrics.
type collecting struct {
	add    func(*metric)
	family *family
}

func (c *collecting) begin(f *family) { c.family = f }
func (c *collecting) end()            {}

func (c *collecting) number(v *values, n float64) {
	m := &metric{family: c.family, data: dto.Metric{Label: c.family.pairs(v)}}
	switch c.family.Kind {
	case schema.Counter:
		m.data.Counter = &dto.Counter{Value: &n, CreatedTimestamp: hist.Timestamp(v.created)}
	default:
		m.data.Gauge = &dto.Gauge{Value: &n}
	}
	c.add(m)
}

func (c *collecting) histogram(v *values, r *hist.Snapshot) {
	if c.family.Kind == schema.Summary {
		count, sum := r.Count, r.Sum
		c.add(&metric{family: c.family, data: dto.Metric{Label: c.family.pairs(v), Summary: &dto.Summary{
			SampleCount: &count, SampleSum: &sum, CreatedTimestamp: hist.Timestamp(v.created),
		}}})
		return
	}
	h := r.Proto()
	h.CreatedTimestamp = hist.Timestamp(v.created)
	c.add(&metric{family: c.family, data: dto.Metric{Label: c.family.pairs(v), Histogram: h}})
}

// pairs are the label pairs of one label set, sorted by name.
func (f *family) pairs(v *values) []*dto.LabelPair {
	pairs := make([]*dto.LabelPair, 0, len(f.labels))
	for i := range f.labels {
		name := f.labels[i].name
		if value, there := f.labels[i].of(v); there {
			pairs = append(pairs, &dto.LabelPair{Name: &name, Value: &value})
		}
	}
	return pairs
}

// A metric is one label set as client_golang wants it. The const metrics of
// client_golang would check and sort the labels of every sample at every scrape.
type metric struct {
	family *family
	data   dto.Metric
}

// Desc implements prometheus.Metric.
func (m *metric) Desc() *prometheus.Desc { return m.family.desc }

// Write implements prometheus.Metric.
func (m *metric) Write(out *dto.Metric) error {
	out.Label, out.Counter, out.Gauge, out.Histogram = m.data.Label, m.data.Counter, m.data.Gauge, m.data.Histogram
	out.Summary = m.data.Summary
	return nil
}
