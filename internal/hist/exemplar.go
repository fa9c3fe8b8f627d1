package hist

import (
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// exemplarEvery is how often a bucket takes a new exemplar. In between, a
// request pays one atomic load for it.
const exemplarEvery = int64(time.Second)

// Exemplars are the traces that a histogram's buckets point to.
type Exemplars struct{ slots []exemplarSlot }

type exemplarSlot struct {
	taken   atomic.Int64 // on the clock that Claim is given
	present atomic.Pointer[Exemplar]
}

// An Exemplar points to the trace of one observation.
type Exemplar struct {
	traceID, spanID string
	Seconds         float64
	At              int64 // nanoseconds since the epoch
}

// NewExemplars returns the exemplars of a histogram with so many buckets.
func NewExemplars(buckets int) *Exemplars { return &Exemplars{make([]exemplarSlot, buckets)} }

// Claim reports whether a bucket's exemplar is old enough to be replaced, which the
// caller then does.
func (e *Exemplars) Claim(bucket int, now int64) bool {
	slot := &e.slots[bucket]
	last := slot.taken.Load()
	if last != 0 && now-last < exemplarEvery {
		return false
	}
	return slot.taken.CompareAndSwap(last, now) // else somebody else takes one just now
}

// maxExemplarRunes is OpenMetrics's limit for all labels of an exemplar.
const maxExemplarRunes = 128

// Put stores an exemplar for a bucket. One that would make the scrape invalid, or
// has no trace, is left out.
func (e *Exemplars) Put(bucket int, traceID, spanID string, seconds float64, at int64) {
	runes := utf8.RuneCountInString(traceID) + utf8.RuneCountInString(spanID) + len("trace_id") + len("span_id")
	if traceID == "" || runes > maxExemplarRunes || !utf8.ValidString(traceID) || !utf8.ValidString(spanID) {
		return
	}
	// Copies: an id may be a part of a header, whose memory it would keep.
	e.slots[bucket].present.Store(&Exemplar{strings.Clone(traceID), strings.Clone(spanID), seconds, at})
}

// All returns the present exemplars of all buckets, nil where there is none.
func (e *Exemplars) All(into []*Exemplar) []*Exemplar {
	if e == nil {
		return nil
	}
	for i := range e.slots {
		into = append(into, e.slots[i].present.Load())
	}
	return into
}

// newer is the one of two exemplars, each of which may be nil, that was taken
// later.
func newer(a, b *Exemplar) *Exemplar {
	if a == nil || b != nil && b.At > a.At {
		return b
	}
	return a
}

// Labels calls f for each label of the exemplar.
func (x *Exemplar) Labels(f func(name, value string)) {
	if x.spanID != "" {
		f("span_id", x.spanID)
	}
	f("trace_id", x.traceID)
}
