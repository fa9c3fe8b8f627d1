package tacho

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/schema"
)

// Describe implements prometheus.Collector.
func (m *Meter) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range m.families.all() {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector. Within one collection the counter
// and the histogram of a label set agree, since one is derived from the other.
func (m *Meter) Collect(ch chan<- prometheus.Metric) {
	m.walk(func(f *family, v *values, s reading) {
		ch <- metric{family: f, values: *v, reading: s}
	})
}

// A reading is the value of one label set: a number or a histogram.
type reading struct {
	number    float64
	histogram *snapshot
}

// walk visits every label set of every family with its present reading.
func (c *core) walk(visit func(*family, *values, reading)) {
	counted := map[*family]int{}
	emit := func(f *family, v *values, r reading) {
		if f != nil {
			counted[f]++
			visit(f, v, r)
		}
	}
	f := &c.families
	emit(f.inFlight, &values{}, number(c.inFlight.Load()))
	emit(f.streamsInFlight, &values{}, number(c.streams.Load()))
	for _, s := range c.table.series() {
		c.walkSeries(s, emit)
	}
	for _, w := range c.table.rows() {
		c.walkRow(w, emit)
	}
	c.walkBudget(counted, emit)
}

type emitter func(*family, *values, reading)

// walkSeries emits one label set of requests. Routes that were not called yet
// count from zero; their histograms begin with the first request.
func (c *core) walkSeries(s *series, emit emitter) {
	v := c.valuesOf(s.row)
	v[schema.Status] = statusLabel(s.status, c.opts.StatusText)
	snap := c.table.ladder.snapshot(s.durations)
	emit(c.families.requests, &v, number(snap.count))
	if snap.count > 0 {
		emit(c.families.duration, &v, reading{histogram: &snap})
	}
}

// walkRow emits what is recorded by route and method alone.
func (c *core) walkRow(w *row, emit emitter) {
	v := c.valuesOf(w)
	emit(c.families.panics, &v, number(w.panics.Load()))
	for _, h := range []struct {
		family *family
		ladder *ladder
		slot   *histogram
	}{
		{c.families.requestSize, c.sizeLadder, w.requestSize.Load()},
		{c.families.responseSize, c.sizeLadder, w.responseSize.Load()},
		{c.families.streams, c.streamLadder, w.streams.Load()},
	} {
		if h.slot != nil {
			snap := h.ladder.snapshot(*h.slot)
			emit(h.family, &v, reading{histogram: &snap})
		}
	}
}

// walkBudget emits what the series budget says about itself, for the families
// whose number of label sets depends on requests.
func (c *core) walkBudget(counted map[*family]int, emit emitter) {
	f := &c.families
	for _, of := range []*family{f.requests, f.duration, f.requestSize, f.responseSize, f.panics, f.streams} {
		if of == nil {
			continue
		}
		v := values{schema.Metric: of.name}
		emit(f.series, &v, number(counted[of]))
		emit(f.seriesLimit, &v, number(c.opts.SeriesLimit))
	}
	for _, folded := range []foldedLabel{foldedRoute, foldedStatus} {
		v := values{schema.Metric: f.requests.name, schema.Label: c.table.labelName(folded)}
		emit(f.overflow, &v, number(c.table.folds[folded].Load()))
	}
}

func (c *core) valuesOf(w *row) values {
	return values{schema.Method: c.table.methods.names[w.method], schema.Route: w.route.label}
}

func number[T int | int64 | uint64](n T) reading { return reading{number: float64(n)} }

// A metric is one label set with its reading as client_golang wants it. It
// writes the protocol buffer directly: the const metrics of client_golang
// would check and sort the labels of every sample at every scrape.
type metric struct {
	family  *family
	values  values
	reading reading
}

func (m metric) Desc() *prometheus.Desc { return m.family.desc }

func (m metric) Write(out *dto.Metric) error {
	for _, l := range m.family.labels {
		name, value := l.name, l.of(&m.values)
		out.Label = append(out.Label, &dto.LabelPair{Name: &name, Value: &value})
	}
	switch m.family.Kind {
	case schema.Counter:
		out.Counter = &dto.Counter{Value: &m.reading.number}
	case schema.Gauge:
		out.Gauge = &dto.Gauge{Value: &m.reading.number}
	case schema.Histogram:
		out.Histogram = m.reading.histogram.proto()
	}
	return nil
}

// proto returns the classic histogram, with cumulative buckets.
func (s *snapshot) proto() *dto.Histogram {
	h := &dto.Histogram{SampleCount: &s.count, SampleSum: &s.sum}
	cumulative := make([]uint64, len(s.ladder.bounds))
	running := uint64(0)
	for i := range s.ladder.bounds {
		running += s.buckets[i]
		cumulative[i] = running
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: &s.ladder.bounds[i], CumulativeCount: &cumulative[i]})
	}
	return h
}
