package tacho

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// maxBuckets bounds a ladder, so that a bucket's number fits a byte.
const maxBuckets = 200

// A ladder holds a histogram's upper bounds, as the user gave them and in the
// integer unit in which values are observed (nanoseconds or bytes).
type ladder struct {
	bounds []float64
	limits []uint64
	scale  float64 // integer units per unit of bounds

	// first[n] is the lowest bucket for a value of n bits: from there on a
	// value finds its bucket in one or two comparisons.
	first [65]uint8
}

func newLadder(bounds []float64, scale float64) *ladder {
	l := &ladder{bounds: bounds, scale: scale}
	for _, b := range bounds {
		l.limits = append(l.limits, integerLimit(b, scale))
	}
	for n := range l.first {
		smallest := uint64(0)
		if n > 0 {
			smallest = 1 << (n - 1)
		}
		for int(l.first[n]) < len(l.limits) && l.limits[l.first[n]] < smallest {
			l.first[n]++
		}
	}
	return l
}

// integerLimit is the largest n with float64(n)/scale <= bound: comparing
// integers with it puts a value in the very bucket in which client_golang puts
// float64(n)/scale.
func integerLimit(bound, scale float64) uint64 {
	if bound*scale >= 1<<63 {
		return math.MaxInt64
	}
	n := uint64(math.Round(bound * scale))
	for n > 0 && float64(n)/scale > bound {
		n--
	}
	for float64(n+1)/scale <= bound {
		n++
	}
	return n
}

// bucket returns the number of v's bucket; the last one is +Inf.
func (l *ladder) bucket(v uint64) int {
	i := int(l.first[bits.Len64(v)])
	for i < len(l.limits) && v > l.limits[i] {
		i++
	}
	return i
}

// A histogram is one label set's observations: the sum, then the count of each
// bucket (not cumulative). The sum may wrap after 584 years of added-up time,
// which Prometheus takes for a counter reset.
type histogram []atomic.Uint64

func (l *ladder) newHistogram() histogram { return make(histogram, len(l.limits)+2) }

// observe records v with two atomic additions and returns its bucket.
func (l *ladder) observe(h histogram, v uint64) int {
	b := l.bucket(v)
	h[1+b].Add(1)
	h[0].Add(v)
	return b
}

// count adds up the buckets.
func (h histogram) count() (n uint64) {
	for i := range h[1:] {
		n += h[i+1].Load()
	}
	return n
}

var infinity = math.Inf(1)
