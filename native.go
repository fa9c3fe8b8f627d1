package tacho

import (
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	dto "github.com/prometheus/client_model/go"
)

// Native histograms, as Prometheus specifies them
// (https://prometheus.io/docs/specs/native_histograms/): buckets whose bounds
// grow by the factor 2^(1/8), which is schema 3 and what client_golang makes of
// a bucket factor of 1.1. Durations are whole nanoseconds from 1 to 2^63, so
// that all keys are known beforehand and every bucket has its place.
const (
	nativeSchema  = 3
	nativePerTwo  = 1 << nativeSchema // buckets for each power of two
	nativeMinKey  = -239              // the bucket of 1 ns
	nativeKeys    = 512
	nativeChunks  = nativeKeys / nativePerTwo
	nativeMaximum = 160 // populated buckets shown; past it the resolution is halved

	// zeroThreshold is client_golang's default, 2^-128: no duration but 0
	// falls below it.
	zeroThreshold = 2.938735877055719e-39
)

// nativeFractions are the bounds of schema 3 within one power of two.
var nativeFractions = [nativePerTwo]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// nativeLadder finds the bucket of a number of nanoseconds.
type nativeLadder struct {
	limits [nativeKeys]uint64 // by key - nativeMinKey

	// first[n] is the lowest bucket for values whose first bits are n: their
	// number of bits, and the three bits behind the leading one.
	first [64 * 8]uint16
}

var nativeBuckets = sync.OnceValue(func() *nativeLadder {
	l := new(nativeLadder)
	for i := range l.limits {
		key := nativeMinKey + i
		bound := math.Ldexp(nativeFractions[mod(key, nativePerTwo)], floorDiv(key, nativePerTwo)+1)
		l.limits[i] = integerLimit(bound, 1e9)
	}
	for n := range l.first {
		smallest := smallestWith(n)
		for int(l.first[n]) < nativeKeys-1 && l.limits[l.first[n]] < smallest {
			l.first[n]++
		}
	}
	return l
})

func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }
func mod(a, b int) int      { return a - floorDiv(a, b)*b }

// leading are a value's number of bits and the three bits behind the first.
func leading(v uint64) int {
	n := bits.Len64(v)
	return (n-1)<<3 | int(v<<(64-n)>>60&7)
}

// smallestWith is the smallest value with these leading bits.
func smallestWith(n int) uint64 {
	length, next := n>>3+1, uint64(n&7)
	return (8 | next) << 60 >> (64 - length)
}

// bucket returns the place of v, which is not 0.
func (l *nativeLadder) bucket(v uint64) int {
	i := int(l.first[leading(v)])
	for i < nativeKeys-1 && v > l.limits[i] {
		i++
	}
	return i
}

// A nativeHistogram has its buckets in chunks of one power of two, which are
// made when first needed: latencies rarely span more than a few.
type nativeHistogram struct {
	zero   *atomic.Uint64
	make   func(chunk int) *[nativePerTwo]atomic.Uint64
	chunks [nativeChunks]atomic.Pointer[[nativePerTwo]atomic.Uint64]
}

func newNativeHistogram() *nativeHistogram {
	return &nativeHistogram{
		zero: new(atomic.Uint64),
		make: func(int) *[nativePerTwo]atomic.Uint64 { return new([nativePerTwo]atomic.Uint64) },
	}
}

func (h *nativeHistogram) observe(v uint64) {
	if v == 0 {
		h.zero.Add(1)
		return
	}
	i := nativeBuckets().bucket(v)
	chunk := h.chunks[i/nativePerTwo].Load()
	if chunk == nil {
		chunk = h.chunk(i / nativePerTwo)
	}
	chunk[i%nativePerTwo].Add(1)
}

// chunk returns a chunk, which is made if it is not there.
func (h *nativeHistogram) chunk(number int) *[nativePerTwo]atomic.Uint64 {
	if h.chunks[number].Load() == nil {
		h.chunks[number].CompareAndSwap(nil, h.make(number))
	}
	return h.chunks[number].Load()
}

// A nativeReading is what a native histogram held at one moment, at the
// resolution at which it is shown.
type nativeReading struct {
	schema int32
	zero   uint64
	keys   []int // ascending, of populated buckets
	counts []uint64

	spans  []nativeSpan
	deltas []int64
}

type nativeSpan struct {
	offset int32
	length uint32
}

// take copies the histogram. The observed buckets only ever grow in number, so
// that the resolution, once halved, stays halved.
func (r *nativeReading) take(h *nativeHistogram) {
	r.schema, r.zero = nativeSchema, h.zero.Load()
	r.keys, r.counts = r.keys[:0], r.counts[:0]
	for c := range h.chunks {
		chunk := h.chunks[c].Load()
		if chunk == nil {
			continue
		}
		for i := range chunk {
			if n := chunk[i].Load(); n > 0 {
				r.keys = append(r.keys, nativeMinKey+c*nativePerTwo+i)
				r.counts = append(r.counts, n)
			}
		}
	}
	for len(r.keys) > nativeMaximum {
		r.halve()
	}
	r.span()
}

// halve merges each two neighbouring buckets.
func (r *nativeReading) halve() {
	r.schema--
	n := -1
	for i, key := range r.keys {
		key, count := floorDiv(key+1, 2), r.counts[i]
		if n < 0 || r.keys[n] != key {
			n++
			r.keys[n], r.counts[n] = key, 0
		}
		r.counts[n] += count
	}
	r.keys, r.counts = r.keys[:n+1], r.counts[:n+1]
}

// span writes the buckets as spans and deltas. Gaps of one or two empty buckets
// are cheaper filled than spanned.
func (r *nativeReading) span() {
	r.spans, r.deltas = r.spans[:0], r.deltas[:0]
	next, previous := 0, int64(0)
	for i, key := range r.keys {
		gap := key - next
		if i == 0 || gap > 2 {
			r.spans = append(r.spans, nativeSpan{offset: int32(gap)})
			gap = 0
		}
		last := &r.spans[len(r.spans)-1]
		for ; gap > 0; gap-- {
			r.deltas = append(r.deltas, -previous)
			previous = 0
			last.length++
		}
		r.deltas = append(r.deltas, int64(r.counts[i])-previous)
		previous = int64(r.counts[i])
		last.length++
		next = key + 1
	}
}

// clone copies a reading that may be nil.
func (r *nativeReading) clone() *nativeReading {
	if r == nil {
		return nil
	}
	c := *r
	c.keys, c.counts = slices.Clone(r.keys), slices.Clone(r.counts)
	c.spans, c.deltas = slices.Clone(r.spans), slices.Clone(r.deltas)
	return &c
}

// add adds another reading, at the coarser resolution of the two.
func (r *nativeReading) add(other *nativeReading) {
	if r == nil || other == nil {
		return
	}
	other = other.clone()
	for r.schema > other.schema {
		r.halve()
	}
	for other.schema > r.schema {
		other.halve()
	}
	for i, key := range other.keys {
		at, there := slices.BinarySearch(r.keys, key)
		if !there {
			r.keys, r.counts = slices.Insert(r.keys, at, key), slices.Insert(r.counts, at, 0)
		}
		r.counts[at] += other.counts[i]
	}
	r.zero += other.zero
	for len(r.keys) > nativeMaximum {
		r.halve()
	}
	r.span()
}

// total is the number of observations that the reading holds.
func (r *nativeReading) total() uint64 {
	n := r.zero
	for _, c := range r.counts {
		n += c
	}
	return n
}

// limit takes the highest observations away until count are left.
func (r *nativeReading) limit(count uint64) {
	surplus := r.total() - min(count, r.total())
	for i := len(r.counts) - 1; i >= 0 && surplus > 0; i-- {
		n := min(surplus, r.counts[i])
		r.counts[i] -= n
		surplus -= n
	}
	r.zero -= surplus
	r.span()
}

// proto adds the native part to a histogram.
func (r *nativeReading) proto(h *dto.Histogram) {
	schema, zero, threshold := r.schema, r.zero, zeroThreshold
	h.Schema, h.ZeroThreshold, h.ZeroCount = &schema, &threshold, &zero
	for _, s := range r.spans {
		h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: &s.offset, Length: &s.length})
	}
	h.PositiveDelta = append([]int64(nil), r.deltas...)
}
