package hist

import (
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// Native histograms as Prometheus specifies them
// (https://prometheus.io/docs/specs/native_histograms/): bucket bounds grow by the factor 2^(1/8).
// That is schema 3, which client_golang uses for a bucket factor of 1.1. Durations are whole
// nanoseconds from 1 to 2^63, so all keys are known in advance and every bucket has a fixed place.
const (
	nativeSchema  = 3
	ChunkBuckets  = 1 << nativeSchema // buckets for each power of two
	nativeMinKey  = -239              // the bucket of 1 ns
	nativeBuckets = 512
	Chunks        = nativeBuckets / ChunkBuckets
	nativeMaximum = 160 // maximum populated buckets; beyond it the resolution is halved

	// ZeroThreshold is client_golang's default, 2^-128: no duration but 0
	// falls below it.
	ZeroThreshold = 2.938735877055719e-39
)

// nativeFractions are the bounds of schema 3 within one power of two.
var nativeFractions = [ChunkBuckets]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// nativeTable finds the bucket of a number of nanoseconds.
type nativeTable struct {
	limits [nativeBuckets]uint64 // by key - nativeMinKey

	// first[n] is the lowest bucket for values with the leading bits n: their number of bits, and
	// the three bits after the first.
	first [64 * 8]uint16
}

var nativeBounds = sync.OnceValue(func() *nativeTable {
	l := new(nativeTable)
	for i := range l.limits {
		key := nativeMinKey + i
		bound := math.Ldexp(nativeFractions[mod(key, ChunkBuckets)], floorDiv(key, ChunkBuckets)+1)
		l.limits[i] = integerLimit(bound, 1e9)
	}
	for n := range l.first {
		smallest := smallestWith(n)
		for int(l.first[n]) < nativeBuckets-1 && l.limits[l.first[n]] < smallest {
			l.first[n]++
		}
	}
	return l
})

func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }
func mod(a, b int) int      { return a - floorDiv(a, b)*b }

// leading returns a value's number of bits and the three bits after the first.
func leading(v uint64) int {
	n := bits.Len64(v)
	return (n-1)<<3 | int(v<<(64-n)>>60&7)
}

// smallestWith returns the smallest value with these leading bits.
func smallestWith(n int) uint64 {
	length, next := n>>3+1, uint64(n&7)
	return (8 | next) << 60 >> (64 - length)
}

// bucket returns the index of v's bucket. v must not be 0.
func (l *nativeTable) bucket(v uint64) int {
	i := int(l.first[leading(v)])
	for i < nativeBuckets-1 && v > l.limits[i] {
		i++
	}
	return i
}

// A Native stores its buckets in chunks of one power of two, created when first needed: latencies
// rarely span more than a few.
type Native struct {
	Zero   *atomic.Uint64 // the count of the zero bucket
	Make   func(chunk int) *[ChunkBuckets]atomic.Uint64
	chunks [Chunks]atomic.Pointer[[ChunkBuckets]atomic.Uint64]
}

// NewNative returns a native histogram in private memory.
func NewNative() *Native {
	return &Native{
		Zero: new(atomic.Uint64),
		Make: func(int) *[ChunkBuckets]atomic.Uint64 { return new([ChunkBuckets]atomic.Uint64) },
	}
}

// Observe records a number of nanoseconds.
func (h *Native) Observe(v uint64) {
	if v == 0 {
		h.Zero.Add(1)
		return
	}
	i := nativeBounds().bucket(v)
	chunk := h.chunks[i/ChunkBuckets].Load()
	if chunk == nil {
		chunk = h.Chunk(i / ChunkBuckets)
	}
	chunk[i%ChunkBuckets].Add(1)
}

// Chunk returns a chunk, and creates it if necessary.
func (h *Native) Chunk(number int) *[ChunkBuckets]atomic.Uint64 {
	if h.chunks[number].Load() == nil {
		h.chunks[number].CompareAndSwap(nil, h.Make(number))
	}
	return h.chunks[number].Load()
}

// A NativeSnapshot is the content of a native histogram at one moment, at the exported resolution.
type NativeSnapshot struct {
	Schema int32
	Zero   uint64
	keys   []int // ascending, of populated buckets
	counts []uint64

	Spans  []nativeSpan
	Deltas []int64
}

type nativeSpan struct {
	Offset int32
	Length uint32
}

// Take copies the histogram. The number of populated buckets never decreases, so the resolution
// stays halved once it was.
func (r *NativeSnapshot) Take(h *Native) {
	r.Schema, r.Zero = nativeSchema, h.Zero.Load()
	r.keys, r.counts = r.keys[:0], r.counts[:0]
	for c := range h.chunks {
		chunk := h.chunks[c].Load()
		if chunk == nil {
			continue
		}
		for i := range chunk {
			if n := chunk[i].Load(); n > 0 {
				r.keys = append(r.keys, nativeMinKey+c*ChunkBuckets+i)
				r.counts = append(r.counts, n)
			}
		}
	}
	for len(r.keys) > nativeMaximum {
		r.halve()
	}
	r.span()
}

// halve merges each pair of neighboring buckets.
func (r *NativeSnapshot) halve() {
	r.Schema--
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

// span writes the buckets as spans and deltas. Filling gaps of one or two empty buckets is cheaper
// than another span.
func (r *NativeSnapshot) span() {
	r.Spans, r.Deltas = r.Spans[:0], r.Deltas[:0]
	next, previous := 0, int64(0)
	for i, key := range r.keys {
		gap := key - next
		if i == 0 || gap > 2 {
			r.Spans = append(r.Spans, nativeSpan{Offset: int32(gap)})
			gap = 0
		}
		last := &r.Spans[len(r.Spans)-1]
		for ; gap > 0; gap-- {
			r.Deltas = append(r.Deltas, -previous)
			previous = 0
			last.Length++
		}
		r.Deltas = append(r.Deltas, int64(r.counts[i])-previous)
		previous = int64(r.counts[i])
		last.Length++
		next = key + 1
	}
}

// clone copies a snapshot that may be nil.
func (r *NativeSnapshot) clone() *NativeSnapshot {
	if r == nil {
		return nil
	}
	c := *r
	c.keys, c.counts = slices.Clone(r.keys), slices.Clone(r.counts)
	c.Spans, c.Deltas = slices.Clone(r.Spans), slices.Clone(r.Deltas)
	return &c
}

// add adds another snapshot, at the coarser resolution of both.
func (r *NativeSnapshot) add(other *NativeSnapshot) {
	if r == nil || other == nil {
		return
	}
	other = other.clone()
	for r.Schema > other.Schema {
		r.halve()
	}
	for other.Schema > r.Schema {
		other.halve()
	}
	for i, key := range other.keys {
		at, there := slices.BinarySearch(r.keys, key)
		if !there {
			r.keys, r.counts = slices.Insert(r.keys, at, key), slices.Insert(r.counts, at, 0)
		}
		r.counts[at] += other.counts[i]
	}
	r.Zero += other.Zero
	for len(r.keys) > nativeMaximum {
		r.halve()
	}
	r.span()
}

// Total returns the number of observations in the snapshot.
func (r *NativeSnapshot) Total() uint64 {
	n := r.Zero
	for _, c := range r.counts {
		n += c
	}
	return n
}

// Limit removes the highest observations until count are left.
func (r *NativeSnapshot) Limit(count uint64) {
	surplus := r.Total() - min(count, r.Total())
	for i := len(r.counts) - 1; i >= 0 && surplus > 0; i-- {
		n := min(surplus, r.counts[i])
		r.counts[i] -= n
		surplus -= n
	}
	r.Zero -= surplus
	r.span()
}
