// Package hist counts durations and sizes in buckets, without locks: classic and
// native histograms, their exemplars, and snapshots of them for a scrape. It knows
// no requests, labels or options; internal/store, internal/expo and the root
// package use it.
package hist

import (
	"math"
	"math/bits"
)

// MaxBuckets is how many buckets a histogram may have, so that a bucket's number
// fits a byte.
const MaxBuckets = 200

// Infinity is the upper bound of the last bucket.
var Infinity = math.Inf(1)

// Bounds are a histogram's upper bounds, as the user gave them and in the integer
// unit in which values are observed (nanoseconds or bytes).
type Bounds struct {
	Upper  []float64
	limits []uint64
	scale  float64 // integer units per unit of Upper

	// first[n] is the lowest bucket for a value of n bits: from there on a
	// value finds its bucket in one or two comparisons.
	first [65]uint8
}

// NewBounds returns the bounds for observations of which scale make up one unit of
// the upper bounds: 1e9 where nanoseconds are observed and seconds shown.
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
func (b *Bounds) bucket(v uint64) int {
	i := int(b.first[bits.Len64(v)])
	for i < len(b.limits) && v > b.limits[i] {
		i++
	}
	return i
}

// Words is how many words a shard has: the sum, a bucket for each bound, and +Inf.
func (b *Bounds) Words() int { return len(b.limits) + 2 }
