package tacho

import (
	"math"
	"math/bits"
	"runtime"
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

// A histogram is one label set's observations. Those that are used most get a
// stripe for each processor, so that these do not wait for each other.
type histogram struct {
	words stripe
	more  atomic.Pointer[[stripes - 1]stripe]
	keep  func(n int) stripe // makes stripes that other processes see; nil for private ones
}

// A stripe holds the sum, then the count of each bucket (not cumulative). The
// sum may wrap after 584 years of added-up time, which Prometheus takes for a
// counter reset.
type stripe []atomic.Uint64

const (
	stripes = 8 // a power of two

	// stripeAt is how many observations in one bucket make a histogram hot.
	stripeAt = 1 << 15

	// stripePad keeps stripes out of each other's cache lines.
	stripePad = 8
)

// stripesWanted is 1 where nothing runs in parallel.
var stripesWanted = runtime.GOMAXPROCS(0) > 1

func (l *ladder) newHistogram() histogram {
	return histogram{words: make(stripe, len(l.limits)+2)}
}

// observe records v with two atomic additions and returns its bucket. The hint
// chooses the stripe; it should differ between processors.
func (l *ladder) observe(h *histogram, v uint64, hint uint32) int {
	words := h.words
	if more := h.more.Load(); more != nil {
		if i := hint % stripes; i > 0 {
			words = more[i-1]
		}
	}
	b := l.bucket(v)
	if words[1+b].Add(1)%stripeAt == 0 {
		h.grow()
	}
	if v > 0 {
		words[0].Add(v)
	}
	return b
}

// grow gives a hot histogram its stripes.
func (h *histogram) grow() {
	if !stripesWanted || h.more.Load() != nil {
		return
	}
	more := new([stripes - 1]stripe)
	for i := range more {
		if h.keep != nil {
			more[i] = h.keep(len(h.words)) // their keys keep them apart
		} else {
			more[i] = make(stripe, len(h.words), len(h.words)+stripePad)
		}
	}
	h.more.CompareAndSwap(nil, more)
}

// word adds up one word over all stripes.
func (h *histogram) word(i int) uint64 {
	n := h.words[i].Load()
	if more := h.more.Load(); more != nil {
		for _, s := range more {
			n += s[i].Load()
		}
	}
	return n
}

// buckets is how many buckets there are, +Inf included.
func (h *histogram) buckets() int { return len(h.words) - 1 }

// bucket returns the count of one bucket.
func (h *histogram) bucket(i int) uint64 { return h.word(i + 1) }

// count adds up the buckets.
func (h *histogram) count() (n uint64) {
	for i := range h.buckets() {
		n += h.bucket(i)
	}
	return n
}

var infinity = math.Inf(1)
