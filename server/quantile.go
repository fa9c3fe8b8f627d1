package server

import (
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"
)

// NativeQuantile is [Quantile] for a native histogram.
func NativeQuantile(q float64, h *histogram.FloatHistogram) float64 {
	v, _ := promql.HistogramQuantile(q, h, "", posrange.PositionRange{})
	return v
}
