package tacho

import (
	"cmp"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/engine"
)

// record records an exchange at its end.
func (m *Meter) record(x *engine.Exchange, now int64) {
	r := m.settledRoute(x)
	if x.Counted() && !r.excluded && !m.opts.OmitHTTP {
		m.recordHTTP(x, r, now)
	}
	x.RecordTracked(r.excluded, r.label == Unmatched)
}

// settledRoute is the route of an exchange as far as it is known.
func (m *Meter) settledRoute(x *engine.Exchange) *route {
	if label := x.Named(); label != nil {
		return m.table.route(*label)
	}
	if text, clean := x.Template(); text != "" {
		return m.table.staticRoute(text, clean)
	}
	return m.table.route(cmp.Or(x.Route, Unknown))
}

// recordHTTP writes the outcome into the cells of its route.
func (m *Meter) recordHTTP(x *engine.Exchange, r *route, now int64) {
	t := m.table
	if t.dynamic {
		r = t.variant(m.grouped(x, r), m.extrasOf(x))
	}
	status := x.Outcome()
	c := t.cell(t.row(r, t.kindOf(x.Method(), x.IsSecure())), t.statusOf(status))
	w := c.series.row // not always that row: the budget may have folded it
	if c.folded != foldedNone || r.overflowed {
		t.folds[max(c.folded, foldedRoute)].Add(1)
	}
	latency, hint := now-x.Start(), x.Hint()
	if firstByte := x.Streamed(now); firstByte != 0 {
		t.observe(&w.streams, m.streamLadder, streamDurations, c.series, latency, hint)
		latency = firstByte - x.Start()
	}
	bucket := c.series.observe(uint64(max(latency, 0)), hint)
	if c.series.exemplars != nil {
		c.series.exemplars.observe(m, x.Trace(), bucket, now, latency)
	}
	if x.Panicked() {
		t.panicsOf(c.series).Add(1)
	}
	if x.Hijacked() || m.opts.Minimal {
		return // what passed on a hijacked connection is not known
	}
	t.observe(&c.series.sizes.request, m.sizeLadder, requestBytes, c.series, x.BytesIn, hint)
	t.observe(&c.series.sizes.response, m.sizeLadder, responseBytes, c.series, x.BytesSent(status), hint)
}

// grouped is the route under which Options.GroupBy puts a request.
func (m *Meter) grouped(x *engine.Exchange, r *route) *route {
	group := m.table.group
	if group == nil {
		return r
	}
	return m.table.route(group.of(m, Request{x, m}, groupBy))
}

// extrasOf are the values of Options.Labels for a request.
func (m *Meter) extrasOf(x *engine.Exchange) []string {
	extras := x.Scratch.Extras
	for _, l := range m.table.extras[len(extras):] {
		extras = append(extras, l.of(m, Request{x, m}, labelFunc))
	}
	x.Scratch.Extras = extras
	return extras
}

// observe records a value in one of a series's histograms, which is made when first
// needed. Negative values are not known and not recorded.
func (t *table) observe(slot *atomic.Pointer[histogram], l *ladder, what cellKind, s *series, v int64, hint uint32) {
	if v < 0 {
		return
	}
	h := slot.Load()
	if h == nil {
		h = t.makeHistogram(slot, l, what, s)
	}
	l.observe(h, uint64(v), hint)
}

func (t *table) makeHistogram(slot *atomic.Pointer[histogram], l *ladder, what cellKind, s *series) *histogram {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := slot.Load(); h != nil {
		return h
	}
	h := t.newHistogram(l, what, s)
	slot.Store(&h)
	return &h
}

// panicsOf is where the panics of a series's row are counted.
func (t *table) panicsOf(s *series) *atomic.Uint64 {
	if n := s.row.panics.Load(); n != nil {
		return n
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.row.panics.Load() == nil {
		s.row.panics.Store(&t.words(t.keyOf(panicCounts, s), 1)[0])
	}
	return s.row.panics.Load()
}
