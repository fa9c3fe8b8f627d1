package hist

import (
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// exemplarEvery is the interval at which a bucket takes a new exemplar. In between, a request only
// performs an atomic load.
const exemplarEvery = int64(time.Second)

// Exemplars are the traces of a histogram's buckets.
type Exemplars struct{ slots []exemplarSlot }

type exemplarSlot struct {
	taken   atomic.Int64 // in the time of Claim
	present atomic.Pointer[Exemplar]
}

// An Exemplar points to the trace of one observation.
type Exemplar struct {
	traceID, spanID string
	Seconds         float64
	At              int64 // nanoseconds since the epoch
}

// NewExemplars returns the exemplars of a histogram with this number of buckets.
func NewExemplars(buckets int) *Exemplars { return &Exemplars{make([]exemplarSlot, buckets)} }

// Claim reports whether a bucket's exemplar is old enough to be replaced. The caller then replaces
// it.
func (e *Exemplars) Claim(bucket int, now int64) bool {
	slot := &e.slots[bucket]
	last := slot.taken.Load()
	if last != 0 && now-last < exemplarEvery {
		return false
	}
	return slot.taken.CompareAndSwap(last, now) // otherwise another goroutine is replacing it
}

// maxExemplarRunes is OpenMetrics's limit for all labels of an exemplar.
const maxExemplarRunes = 128

// Put stores an exemplar for a bucket. It ignores one that would make the scrape invalid or has no
// trace.
func (e *Exemplars) Put(bucket int, traceID, spanID string, seconds float64, at int64) {
	runes := utf8.RuneCountInString(traceID) + utf8.RuneCountInString(spanID) + len("trace_id") + len("span_id")
	if traceID == "" || runes > maxExemplarRunes || !utf8.ValidString(traceID) || !utf8.ValidString(spanID) {
		return
	}
	// Copies: an ID may be part of a header, and would keep its memory alive.
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

// newer returns the later of two exemplars, each of which may be nil.
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
