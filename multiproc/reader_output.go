package multiproc

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// output returns the merged metrics as client_golang's families, and adds more.
func (r *Reader) output(more []*dto.MetricFamily) []*dto.MetricFamily {
	m := r.merged
	if m.names == nil {
		for name := range m.families {
			m.names = append(m.names, name)
		}
		slices.Sort(m.names)
	}
	own, more := r.perProcessByFamily(), r.dropInvalid(more)
	out := r.report.families(m)
	if r.opts.Processes {
		out = append(out, r.usage.families(r.report.workers)...)
	}
	out = append(out, more...)
	addConstLabels(out, r.consts)
	taken := make(map[string]bool, len(out))
	for _, f := range out {
		taken[f.GetName()] = true
	}
	for _, name := range m.names {
		f := m.families[name]
		o := &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: dtoTypes[f.kind.name].Enum()}
		o.Metric = append(m.metrics(f), own[f]...)
		if len(o.Metric) > 0 && !taken[name] {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out
}

var dtoTypes = map[string]dto.MetricType{
	"counter": dto.MetricType_COUNTER, "gauge": dto.MetricType_GAUGE,
	"histogram": dto.MetricType_HISTOGRAM, "summary": dto.MetricType_SUMMARY,
}

// metrics returns those metrics of a family that are in some file. It allocates them in blocks,
// because there may be many.
func (m *merged) metrics(f *family) []*dto.Metric {
	sets := m.sortedSets(f)
	made, values := make([]dto.Metric, len(sets)), make([]float64, len(sets))
	all := make([]*dto.Metric, 0, len(sets))
	fill := m.filler(f, len(sets))
	for i, id := range sets {
		if s := &m.labelSets[id]; fill(i, s, &made[i], &values[i]) {
			made[i].Label = s.labels
			all = append(all, &made[i])
		}
	}
	return all
}

// filler returns a function that fills the i-th of n metrics of a family, and reports whether
// any file has it.
func (m *merged) filler(f *family, n int) func(i int, s *labelSet, to *dto.Metric, value *float64) bool {
	switch f.kind.name {
	case "counter":
		counters := make([]dto.Counter, n)
		return func(i int, s *labelSet, to *dto.Metric, value *float64) (ok bool) {
			*value, ok = m.value(s.plain)
			to.Counter, counters[i].Value = &counters[i], value
			return ok
		}
	case "gauge":
		gauges := make([]dto.Gauge, n)
		return func(i int, s *labelSet, to *dto.Metric, value *float64) (ok bool) {
			*value, ok = m.value(s.plain)
			to.Gauge, gauges[i].Value = &gauges[i], value
			return ok && (f.kind.mergeMode() != "mostrecent" || m.timestamps[s.plain] > 0)
		}
	case "summary":
		return func(_ int, s *labelSet, to *dto.Metric, value *float64) bool {
			count, counted := m.value(s.count)
			sum, summed := m.value(s.sum)
			n := uint64(max(count, 0))
			*value = sum
			to.Summary = &dto.Summary{SampleCount: &n, SampleSum: value}
			return counted || summed
		}
	}
	return func(_ int, s *labelSet, to *dto.Metric, value *float64) bool {
		to.Histogram = m.histogram(s, value)
		return to.Histogram != nil
	}
}

// histogram accumulates the buckets. If processes have different bounds, it shows all of them,
// as Python does.
func (m *merged) histogram(s *labelSet, sum *float64) *dto.Histogram {
	counts, bounds := make([]uint64, len(s.buckets)), make([]float64, len(s.buckets))
	buckets := make([]dto.Bucket, len(s.buckets))
	h := &dto.Histogram{Bucket: make([]*dto.Bucket, 0, len(s.buckets))}
	running := uint64(0)
	for i := range s.buckets {
		v, ok := m.value(s.buckets[i].series)
		if !ok {
			continue
		}
		running += uint64(v)
		counts[i], bounds[i] = running, s.buckets[i].bound
		buckets[i].CumulativeCount, buckets[i].UpperBound = &counts[i], &bounds[i]
		h.Bucket = append(h.Bucket, &buckets[i])
	}
	total, summed := m.value(s.sum)
	if len(h.Bucket) == 0 && !summed {
		return nil
	}
	*sum = total
	h.SampleCount, h.SampleSum = &running, sum
	return h
}

// perProcessByFamily returns the gauges that are shown per process, sorted. Of two with equal
// labels it keeps the first.
func (r *Reader) perProcessByFamily() map[*family][]*dto.Metric {
	slices.SortStableFunc(r.perProcess, func(a, b perProcessSample) int { return compareLabels(a.labels, b.labels) })
	own := map[*family][]*dto.Metric{}
	for _, s := range r.perProcess {
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
