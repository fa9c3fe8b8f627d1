package expo

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/schema"
)

// Metrics is a visitor that returns client_golang's metrics.
type Metrics struct {
	Add    func(*Metric) // is called with each
	family *Family
}

// Begin implements Visitor.
func (c *Metrics) Begin(f *Family) { c.family = f }

// End implements Visitor.
func (c *Metrics) End() {}

// Number implements Visitor.
func (c *Metrics) Number(v *Values, n float64) {
	m := &Metric{family: c.family, Data: dto.Metric{Label: c.family.pairs(v)}}
	switch c.family.Kind {
	case schema.Counter:
		m.Data.Counter = &dto.Counter{Value: &n, CreatedTimestamp: hist.Timestamp(v.Created)}
	default:
		m.Data.Gauge = &dto.Gauge{Value: &n}
	}
	c.Add(m)
}

// Histogram implements Visitor.
func (c *Metrics) Histogram(v *Values, r *hist.Snapshot) {
	if c.family.Kind == schema.Summary {
		count, sum := r.Count, r.Sum
		c.Add(&Metric{family: c.family, Data: dto.Metric{Label: c.family.pairs(v), Summary: &dto.Summary{
			SampleCount: &count, SampleSum: &sum, CreatedTimestamp: hist.Timestamp(v.Created),
		}}})
		return
	}
	h := r.Proto()
	h.CreatedTimestamp = hist.Timestamp(v.Created)
	c.Add(&Metric{family: c.family, Data: dto.Metric{Label: c.family.pairs(v), Histogram: h}})
}

// A Metric is one label set as a client_golang metric. The const metrics of client_golang would
// check and sort the labels of every sample at every scrape.
type Metric struct {
	family *Family
	Data   dto.Metric
}

// Desc implements prometheus.Metric.
func (m *Metric) Desc() *prometheus.Desc { return m.family.Desc }

// Write implements prometheus.Metric.
func (m *Metric) Write(out *dto.Metric) error {
	out.Label, out.Counter, out.Gauge, out.Histogram = m.Data.Label, m.Data.Counter, m.Data.Gauge, m.Data.Histogram
	out.Summary = m.Data.Summary
	return nil
}

// Families is a visitor that returns client_golang's metric families.
type Families struct {
	All     []*dto.MetricFamily
	metrics Metrics
}

// Empty returns a family without series.
func Empty(f *Family) *dto.MetricFamily {
	kind := dto.MetricType(protoTypes[f.Kind])
	return &dto.MetricFamily{Name: &f.Name, Help: &f.help, Type: &kind}
}

// Begin implements Visitor.
func (g *Families) Begin(f *Family) {
	g.All = append(g.All, Empty(f))
	g.metrics.family = f
	g.metrics.Add = func(m *Metric) {
		last := g.All[len(g.All)-1]
		last.Metric = append(last.Metric, &m.Data)
	}
}

// Number implements Visitor.
func (g *Families) Number(v *Values, n float64) { g.metrics.Number(v, n) }

// Histogram implements Visitor.
func (g *Families) Histogram(v *Values, r *hist.Snapshot) { g.metrics.Histogram(v, r) }

// End implements Visitor.
func (g *Families) End() {}

// Sort sorts families by name.
func Sort(all []*dto.MetricFamily) {
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
}

// CleanHelp returns a family whose help text is valid UTF-8.
func CleanHelp(f *dto.MetricFamily) *dto.MetricFamily {
	help := names.Help(f.GetHelp())
	return &dto.MetricFamily{Name: f.Name, Help: &help, Type: f.Type, Unit: f.Unit, Metric: f.Metric}
}
