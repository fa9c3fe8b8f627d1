package top

import (
	"maps"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tacho-go/tacho/server"
)

// A sum adds up what several steps counted for a route, or for all of them.
type sum struct {
	number   map[string]float64 // requests by status
	rate     map[string]float64 // the same per second
	seconds  float64            // per second
	buckets  map[float64]float64
	native   *histogram.FloatHistogram
	inFlight float64 // NaN if no gauge says it
}

func newSum() *sum {
	return &sum{
		number: map[string]float64{}, rate: map[string]float64{},
		buckets: map[float64]float64{}, inFlight: math.NaN(),
	}
}

// add adds counts; perSecond makes rates of them.
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

// quantile is PromQL's histogram_quantile, computed by its own code.
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

// bounds are the lowest bound above 0 and the highest of the buckets. A quantile beyond the
// highest is reported as that, and may be far more; of one below the lowest nothing
// else is known.
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
