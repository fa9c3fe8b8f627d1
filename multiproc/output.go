package multiproc

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// output makes client_golang's metric families of what was scanned.
func (r *Reader) output() []*dto.MetricFamily {
	m := r.merged
	if m.names == nil {
		for name := range m.families {
			m.names = append(m.names, name)
		}
		slices.Sort(m.names)
	}
	own := r.ownByFamily()
	out := r.report.families(m)
	if r.opts.Processes {
		out = append(out, r.processes.families(r.report.workers)...)
	}
	for _, name := range m.names {
		f := m.families[name]
		o := &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: dtoTypes[f.kind.name].Enum()}
		for _, s := range f.ordered() {
			if x := m.metric(f, s); x != nil {
				o.Metric = append(o.Metric, x)
			}
		}
		o.Metric = append(o.Metric, own[f]...)
		if len(o.Metric) > 0 && !slices.ContainsFunc(out, func(f *dto.MetricFamily) bool { return f.GetName() == o.GetName() }) {
			out = append(out, o)
		}
	}
	r.label(out)
	slices.SortFunc(out, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out
}

var dtoTypes = map[string]dto.MetricType{
	"counter": dto.MetricType_COUNTER, "gauge": dto.MetricType_GAUGE,
	"histogram": dto.MetricType_HISTOGRAM, "summary": dto.MetricType_SUMMARY,
}

// metric is a label set's metric, nil if no file has it any more.
func (m *merged) metric(f *family, s *set) *dto.Metric {
	switch f.kind.name {
	case "counter":
		if v, ok := m.total(s.plain); ok {
			return &dto.Metric{Label: s.labels, Counter: &dto.Counter{Value: &v}}
		}
	case "gauge":
		v, ok := m.total(s.plain)
		if ok && (f.kind.merge() != "mostrecent" || m.series[s.plain].when > 0) {
			return &dto.Metric{Label: s.labels, Gauge: &dto.Gauge{Value: &v}}
		}
	case "summary":
		count, counted := m.total(s.count)
		sum, summed := m.total(s.sum)
		if counted || summed {
			n := uint64(max(count, 0))
			return &dto.Metric{Label: s.labels, Summary: &dto.Summary{SampleCount: &n, SampleSum: &sum}}
		}
	case "histogram":
		return m.histogram(s)
	}
	return nil
}

// histogram accumulates the buckets. Where processes have different bounds, those
// of all are shown, as in Python.
func (m *merged) histogram(s *set) *dto.Metric {
	counts, bounds := make([]uint64, len(s.buckets)), make([]float64, len(s.buckets))
	buckets := make([]dto.Bucket, len(s.buckets))
	h := &dto.Histogram{Bucket: make([]*dto.Bucket, 0, len(s.buckets))}
	running := uint64(0)
	for i := range s.buckets {
		v, ok := m.total(s.buckets[i].series)
		if !ok {
			continue
		}
		running += uint64(v)
		counts[i], bounds[i] = running, s.buckets[i].bound
		buckets[i].CumulativeCount, buckets[i].UpperBound = &counts[i], &bounds[i]
		h.Bucket = append(h.Bucket, &buckets[i])
	}
	sum, summed := m.total(s.sum)
	if len(h.Bucket) == 0 && !summed {
		return nil
	}
	h.SampleCount, h.SampleSum = &running, &sum
	return &dto.Metric{Label: s.labels, Histogram: h}
}

// ownByFamily are the metrics of gauges of which each file has its own, sorted;
// of two with the same labels the first stays.
func (r *Reader) ownByFamily() map[*family][]*dto.Metric {
	slices.SortStableFunc(r.own, func(a, b sample) int { return compareLabels(a.labels, b.labels) })
	own := map[*family][]*dto.Metric{}
	for _, s := range r.own {
		slices.SortFunc(s.labels, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		all := own[s.family]
		if n := len(all); n > 0 && compareLabels(all[n-1].Label, s.labels) == 0 {
			r.report.damaged[Conflict]++
			continue
		}
		own[s.family] = append(all, &dto.Metric{Label: s.labels, Gauge: &dto.Gauge{Value: &s.value}})
	}
	return own
}

// label adds the constant labels. Labels of the merged metrics are shared from
// scrape to scrape, so that they must not be written to.
func (r *Reader) label(families []*dto.MetricFamily) {
	if len(r.consts) == 0 {
		return
	}
	for _, f := range families {
		for _, m := range f.Metric {
			labels := slices.DeleteFunc(slices.Clone(m.Label), func(l *dto.LabelPair) bool {
				return slices.ContainsFunc(r.consts, func(c *dto.LabelPair) bool { return c.GetName() == l.GetName() })
			})
			m.Label = append(labels, r.consts...)
			slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
		}
	}
}
