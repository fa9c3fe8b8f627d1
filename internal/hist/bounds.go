// Package hist counts durations and sizes in buckets, without locks: classic and native histograms,
// their exemplars, and snapshots of them for a scrape. internal/store, internal/scan, internal/expo
// and the root package use it. It must not depend on requests, labels or options.
package hist

import (
	"math"
	"math/bits"
)

// MaxBuckets is the maximum number of buckets of a histogram; the index of a bucket fits in a byte.
const MaxBuckets = 200

// Infinity is the upper bound of the last bucket.
var Infinity = math.Inf(1)

// Bounds are a histogram's upper bounds, as the user set them and in the integer unit of
// observations (nanoseconds or bytes).
type Bounds struct {
	Upper  []float64
	limits []uint64
	scale  float64 // integer units per unit of Upper

	// first[n] is the lowest bucket for a value of n bits. From there, one or two comparisons find
	// the bucket of a value.
	first [65]uint8
}

// NewBounds returns bounds for observations in a smaller unit: scale is the number of these units
// in one unit of the upper bounds, 1e9 for nanoseconds in seconds.
func NewBounds(upper []float64, scale float64) *Bounds {
	b := &Bounds{Upper: upper, scale: scale}
	for _, bound := range upper {
		b.limits = append(b.limits, integerLimit(bound, scale))
	}
	for n := range b.first {
		smallest := uint64(0)
		if n > 0 {
			smallest = 1 << (n - 1)
		}
		for int(b.first[n]) < len(b.limits) && b.limits[b.first[n]] < smallest {
			b.first[n]++
		}
	}
	return b
}

// integerLimit returns the largest n with float64(n)/scale <= bound: comparing integers with it
// selects the same bucket as client_golang for float64(n)/scale.
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

// bucket returns the index of v's bucket; the last one is +Inf.
func (b *Bounds) bucket(v uint64) int {
	i := int(b.first[bits.Len64(v)])
	for i < len(b.limits) && v > b.limits[i] {
		i++
	}
	return i
}

// Words returns the number of words in a shard: the sum, a bucket for each bound, and +Inf.
func (b *Bounds) Words() int { return len(b.limits) + 2 }
