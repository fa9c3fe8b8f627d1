package store

import (
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
)

// An Outcome is the result of a request.
type Outcome struct {
	Method   string
	TLS      bool // it came over TLS
	Status   int
	Panicked bool

	// Nanoseconds and bytes; negative values of the last three are not recorded.
	Latency           int64
	Lifetime          int64 // of a stream
	BytesIn, BytesOut int64

	Hint uint32 // chooses the shard; it should differ between processors
}

// Record counts a request under a route, and returns the series and the latency bucket in which it
// was counted.
func (t *Store) Record(r *Route, o *Outcome) (in *Series, bucket int) {
	c := t.entry(t.routeMethod(r, t.methodTLS(o.Method, o.TLS)), t.StatusOf(o.Status))
	s := c.series
	if c.overflow != noDimension || r.overflowed {
		t.beyond[max(c.overflow, routeDimension)].Add(1)
	}
	if o.Lifetime >= 0 { // beyond the budget, the series is another route's
		t.observe(&s.Of.Streams, t.StreamBounds, streamDurations, s, o.Lifetime, o.Hint)
	}
	bucket = s.Observe(uint64(max(o.Latency, 0)), o.Hint)
	if o.Panicked {
		t.panicsOf(s).Add(1)
	}
	if o.BytesIn >= 0 {
		t.observe(&s.Sizes.Request, t.SizeBounds, requestBytes, s, o.BytesIn, o.Hint)
	}
	if o.BytesOut >= 0 {
		t.observe(&s.Sizes.Response, t.SizeBounds, responseBytes, s, o.BytesOut, o.Hint)
	}
	return s, bucket
}

// observe records a value in one of a series's histograms, which is created when first needed.
func (t *Store) observe(slot *atomic.Pointer[hist.Histogram], b *hist.Bounds, what cellKind, s *Series, v int64, hint uint32) {
	h := slot.Load()
	if h == nil {
		h = t.makeHistogram(slot, b, what, s)
	}
	b.Observe(h, uint64(v), hint)
}

func (t *Store) makeHistogram(slot *atomic.Pointer[hist.Histogram], b *hist.Bounds, what cellKind, s *Series) *hist.Histogram {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := slot.Load(); h != nil {
		return h
	}
	h := t.newHistogram(b, what, s)
	slot.Store(&h)
	return &h
}

// panicsOf returns the panic counter of a series's route and method.
func (t *Store) panicsOf(s *Series) *atomic.Uint64 {
	if n := s.Of.panics.Load(); n != nil {
		return n
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Of.panics.Load() == nil {
		s.Of.panics.Store(&t.words(t.keyOf(panicCounts, s), 1)[0])
	}
	return s.Of.panics.Load()
}
