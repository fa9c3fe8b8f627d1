package top

import (
	"maps"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tacho-go/tacho/server"
)

// A sum is the total of several steps for a route, or for all routes.
type sum struct {
	number   map[string]float64 // requests by status
	rate     map[string]float64 // the same per second
	seconds  float64            // per second
	buckets  map[float64]float64
	native   *histogram.FloatHistogram
	inFlight float64 // NaN without a gauge
}

func newSum() *sum {
	return &sum{
		number: map[string]float64{}, rate: map[string]float64{},
		buckets: map[float64]float64{}, inFlight: math.NaN(),
	}
}

// add adds counts; perSecond converts them to rates.
func (s *sum) add(c *counts, perSecond float64) {
	for status, n := range c.requests {
		s.number[status] += n
		s.rate[status] += n * perSecond
	}
	s.seconds += c.seconds * perSecond
	for le, n := range c.buckets {
		s.buckets[le] += n * perSecond
	}
	if c.native != nil {
		s.native = plus(s.native, c.native.Copy().Mul(perSecond))
	}
}

func (s *sum) addInFlight(n float64) {
	if math.IsNaN(s.inFlight) {
		s.inFlight = 0
	}
	s.inFlight += n
}

// merge adds another sum.
func (s *sum) merge(other *sum) {
	for status, n := range other.number {
		s.number[status] += n
	}
	for status, n := range other.rate {
		s.rate[status] += n
	}
	s.seconds += other.seconds
	for le, n := range other.buckets {
		s.buckets[le] += n
	}
	if other.native != nil {
		s.native = plus(s.native, other.native)
	}
	if !math.IsNaN(other.inFlight) {
		s.addInFlight(other.inFlight)
	}
}

// quantile computes PromQL's histogram_quantile with Prometheus's code.
func (s *sum) quantile(q float64) float64 {
	switch {
	case len(s.buckets) > 0:
		bounds := slices.Sorted(maps.Keys(s.buckets))
		counts := make([]float64, len(bounds))
		for i, le := range bounds {
			counts[i] = s.buckets[le]
		}
		return server.Quantile(q, bounds, counts)
	case s.native != nil:
		return server.NativeQuantile(q, s.native)
	}
	return math.NaN()
}

// bounds are the lowest bound above 0 and the highest finite bound. A quantile beyond the
// highest is reported as the highest, and may be much larger. One within the first bucket
// may be anything below its bound.
type bounds struct{ first, last float64 }

func (s *sum) bounds() bounds {
	b := bounds{math.NaN(), math.NaN()}
	for le := range s.buckets {
		if math.IsInf(le, +1) {
			continue
		}
		if le > 0 && !(le >= b.first) {
			b.first = le
		}
		if !(le <= b.last) {
			b.last = le
		}
	}
	return b
}
