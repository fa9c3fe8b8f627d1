package server

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// How far from now the timestamp of a point may be. After a newer point, the TSDB would
// reject current samples; older points are out of order. Prometheus's translation
// creates a target_info sample for every few minutes between the points of a request:
// 12 million samples for a point from 1970.
const (
	maxPointAhead = 10 * time.Minute
	maxPointAge   = 24 * time.Hour // plus the out-of-order window
)

// Reasons for rejected points.
const (
	noTemporality = "a sum or a histogram has no temporality"
	wrongTime     = "a time is missing, more than a day ago or more than ten minutes ahead"
	outOfRange    = "an exponential histogram's scale, offset or zero threshold is out of range"
)

// removeInvalid removes the points from md that would make the later steps fail, hang or
// lose other points.
func removeInvalid(md pmetric.Metrics, now time.Time, window time.Duration, left *rejections) {
	before := md.DataPointCount()
	eachMetric(md, func(metrics pmetric.MetricSlice) {
		metrics.RemoveIf(func(m pmetric.Metric) bool {
			t, has := temporality(m)
			return has && t == pmetric.AggregationTemporalityUnspecified
		})
	})
	if n := before - md.DataPointCount(); n > 0 {
		left.add(n, noTemporality)
	}
	earliest := pcommon.NewTimestampFromTime(now.Add(-maxPointAge - window))
	latest := pcommon.NewTimestampFromTime(now.Add(maxPointAhead))
	refused := func(is bool, why string) bool {
		if is {
			left.add(1, why)
		}
		return is
	}
	wrong := func(at pcommon.Timestamp) bool { return refused(at < earliest || at > latest, wrongTime) }
	eachMetric(md, func(metrics pmetric.MetricSlice) {
		for _, m := range metrics.All() {
			switch m.Type() {
			case pmetric.MetricTypeGauge:
				m.Gauge().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return wrong(p.Timestamp()) })
			case pmetric.MetricTypeSum:
				m.Sum().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return wrong(p.Timestamp()) })
			case pmetric.MetricTypeHistogram:
				m.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool { return wrong(p.Timestamp()) })
			case pmetric.MetricTypeSummary:
				m.Summary().DataPoints().RemoveIf(func(p pmetric.SummaryDataPoint) bool { return wrong(p.Timestamp()) })
			case pmetric.MetricTypeExponentialHistogram:
				delta := isDelta(m)
				m.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool {
					return wrong(p.Timestamp()) || refused(!fits(p, delta), outOfRange)
				})
			}
		}
	})
}

// Limits of exponential histograms.
const (
	maxScale           = 20    // of OpenTelemetry's SDKs
	maxExponent        = 1100  // float64 has -1074 to 1024
	maxBuckets         = 160   // per side, the limit of the delta conversion
	maxZeroThreshold   = 1e300 // for the zero threshold
	maxPrometheusScale = histogram.ExponentialSchemaMax
)

// fits reports whether a point can be stored. It reduces a delta to the resolution at
// which it will be stored: the conversion iterates over all empty buckets between two
// points, up to a billion at the finest scale.
func fits(p pmetric.ExponentialHistogramDataPoint, delta bool) bool {
	scale, zero := p.Scale(), p.ZeroThreshold()
	if scale < histogram.ExponentialSchemaMin {
		return false
	}
	if !delta {
		return true
	}
	sides := []pmetric.ExponentialHistogramDataPointBuckets{p.Positive(), p.Negative()}
	limit := int64(maxExponent) << max(scale, 0)
	by := max(0, scale-maxPrometheusScale)
	for _, b := range sides {
		first, last := int64(b.Offset()), int64(b.Offset())+int64(b.BucketCounts().Len())
		if scale > maxScale || first < -limit || last > limit {
			return false
		}
		for last>>by-first>>by >= maxBuckets {
			by++
		}
	}
	if scale-by < histogram.ExponentialSchemaMin || !(zero >= 0 && zero <= maxZeroThreshold) {
		return false
	}
	for _, b := range sides {
		coarsen(b, by)
	}
	p.SetScale(scale - by)
	if fraction, _ := math.Frexp(zero); fraction == .5 {
		// For a power of two the conversion panics at negative scales.
		p.SetZeroThreshold(math.Nextafter(zero, math.Inf(1)))
	}
	return true
}

// coarsen halves the resolution of the buckets the given number of times and removes
// empty buckets at both ends.
func coarsen(b pmetric.ExponentialHistogramDataPointBuckets, by int32) {
	counts, offset := b.BucketCounts().AsRaw(), int64(b.Offset())>>by
	for i, n := range counts {
		counts[i] = 0 // clear it first: the new index is never greater
		counts[(int64(b.Offset())+int64(i))>>by-offset] += n
	}
	first := slices.IndexFunc(counts, func(n uint64) bool { return n > 0 })
	if first < 0 {
		b.SetOffset(0)
		b.BucketCounts().FromRaw(nil)
		return
	}
	last := len(counts)
	for counts[last-1] == 0 {
		last--
	}
	b.SetOffset(int32(offset) + int32(first))
	b.BucketCounts().FromRaw(counts[first:last])
}
