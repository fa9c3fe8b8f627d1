package remotewrite

import (
	"math"
	"slices"
	"sort"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/record"
)

// A classic has the series as which a native histogram with custom buckets is sent, if
// convert_nhcb_to_classic is set: one for each bucket, the last of which is +Inf, the count and
// the sum.
type classic struct {
	bounds []float64
	series []*series
}

// newClassic returns the classic series of a native histogram.
func (s *seriesSet) newClassic(of *series, bounds []float64) *classic {
	name := of.labels.Get(model.MetricNameLabel)
	c := &classic{bounds: slices.Clone(bounds)}
	add := func(suffix string, le float64, isBucket bool) {
		s.builder.Reset(of.labels)
		s.builder.Set(model.MetricNameLabel, name+suffix)
		if isBucket {
			s.builder.Set(model.BucketLabel, labels.FormatOpenMetricsFloat(le))
		}
		c.series = append(c.series, s.finished(s.builder.Labels(), of.segment))
	}
	for _, b := range bounds {
		add("_bucket", b, true)
	}
	add("_bucket", math.Inf(1), true)
	add("_count", 0, false)
	add("_sum", 0, false)
	return c
}

// bucket returns the series of the bucket of a value.
func (c *classic) bucket(v float64) *series { return c.series[sort.SearchFloat64s(c.bounds, v)] }

// addClassic adds a native histogram with custom buckets as classic series. Series of other
// buckets end.
func (l *reading) addClassic(of *series, h nativeHistogram) {
	var native any = h.integers
	bounds, sum := []float64(nil), 0.0
	if h.integers != nil {
		bounds, sum = h.integers.CustomValues, h.integers.Sum
	} else {
		native, bounds, sum = h.floats, h.floats.CustomValues, h.floats.Sum
	}
	if value.IsStaleNaN(sum) {
		l.endClassic(of, h.t)
		return
	}
	buckets, count, sum, err := histogram.ClassicBucketCounts(native, nil)
	if err != nil {
		l.metrics.dropped[histograms].WithLabelValues(notConverted).Inc()
		return
	}
	if of.classic == nil || !slices.Equal(of.classic.bounds, bounds) {
		l.endClassic(of, h.t)
		of.classic = l.series.newClassic(of, bounds)
		l.window.newSeries = true
	}
	for i, v := range append(buckets, count, sum) {
		l.window.addSample(of.classic.series[i], record.RefSample{ST: h.st, T: h.t, V: v})
	}
}

// endClassic adds staleness markers to the classic series of a native histogram, if there are
// any.
func (l *reading) endClassic(of *series, at int64) {
	if of.classic == nil {
		return
	}
	for _, s := range of.classic.series {
		l.window.addSample(s, record.RefSample{T: at, V: math.Float64frombits(value.StaleNaN)})
	}
	of.classic = nil
}
