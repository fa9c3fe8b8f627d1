package tacho

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
)

// enter and leave count requests in flight.
func (m *Meter) enter(x *Exchange) {
	x.flight = 0
	if len(m.inFlight) > 1 {
		x.flight = uint32(m.table.kind(x))
		m.inFlight[x.flight].use(m.table, int(x.flight))
	}
	m.inFlight[x.flight].add(x.stripe(), 1)
}

func (m *Meter) leave(x *Exchange) { m.inFlight[x.flight].add(x.stripe(), -1) }

// End records the exchange. It never panics and never blocks on I/O.
func (m *Meter) End(x *Exchange) {
	m.end(x, m.now())
	// Last, so that what is in flight no more has been recorded.
	if m.watches && !x.only && !x.unseen {
		m.leave(x)
	}
	if x.stream {
		m.streams.Add(^uint64(0))
	}
}

func (m *Meter) end(x *Exchange, now int64) {
	x.endTracking(0, now)
	if x.excluded {
		return
	}
	r := x.settledRoute()
	x.route, x.over = r, true
	if x.clientGone {
		x.clientGone = x.lost()
	}
	marks := x.marks.Load()
	if marks == 0 && !x.only && !r.excluded && !m.opts.OmitHTTP {
		m.record(x, r, now)
	}
	if len(x.tracked) > 0 && marks&markNothing == 0 {
		m.recordTracked(x, r.excluded && !m.opts.excludeByDefault || marks&markPath != 0)
	}
	x.excluded = true // whatever still writes to it is too late
}

// settledRoute is the route as far as it is known.
func (x *Exchange) settledRoute() *route {
	if named := x.named.Load(); named != nil {
		return named
	}
	if x.route != nil {
		return x.route
	}
	return x.meter.table.route(x.routeName())
}

func (x *Exchange) routeName() string {
	if x.Route == "" {
		return Unknown
	}
	return x.Route
}

// record writes the outcome into the cells of its route.
func (m *Meter) record(x *Exchange, r *route, now int64) {
	t := m.table
	if t.dynamic {
		r = t.variant(m.grouped(x, r), m.extrasOf(x))
	}
	status := x.outcome()
	c := t.cell(t.row(r, t.kind(x)), t.statusOf(status))
	w := c.series.row // not always that row: the budget may have folded it
	if c.folded != foldedNone || r.overflowed {
		t.folds[max(c.folded, foldedRoute)].Add(1)
	}
	latency, hint := now-x.start, x.stripe()
	if x.firstByte != 0 && (x.stream || now-x.firstByte >= streamAfter) {
		t.observe(&w.streams, m.streamLadder, streamDurations, c.series, latency, hint)
		latency = x.firstByte - x.start
	}
	bucket := c.series.observe(uint64(max(latency, 0)), hint)
	if c.series.exemplars != nil {
		m.exemplify(c.series, x.ctx, bucket, now, latency)
	}
	if x.panicked {
		t.panicsOf(c.series).Add(1)
	}
	if x.hijacked || m.opts.Minimal {
		return // what passed on a hijacked connection is not known
	}
	t.observe(&c.series.sizes.request, m.sizeLadder, requestBytes, c.series, x.BytesIn, hint)
	t.observe(&c.series.sizes.response, m.sizeLadder, responseBytes, c.series, x.bytesSent(status), hint)
}

// exemplify lets a bucket point to the request's trace, at most once a second.
func (m *Meter) exemplify(s *series, ctx context.Context, bucket int, now, latency int64) {
	if ctx == nil || !s.exemplars.Claim(bucket, now) {
		return
	}
	traceID, spanID := m.trace(ctx)
	s.exemplars.Put(bucket, traceID, spanID, float64(latency)/1e9, m.wall().UnixNano())
}

// trace calls Options.TraceFunc.
func (m *Meter) trace(ctx context.Context) (traceID, spanID string) {
	defer m.survive(traceFunc)
	return m.opts.TraceFunc(ctx)
}

// grouped is the route under which Options.GroupBy puts a request.
func (m *Meter) grouped(x *Exchange, r *route) *route {
	group := m.table.group
	if group == nil {
		return r
	}
	return m.table.route(group.Value(m.ask(m.opts.GroupBy.Func, Request{x}, groupBy)))
}

// extrasOf are the values of Options.Labels for a request.
func (m *Meter) extrasOf(x *Exchange) []string {
	for i := len(x.extras); i < len(m.extras); i++ {
		x.extras = append(x.extras, m.extra(i, x))
	}
	return x.extras
}

// extra is the value of one of Options.Labels for a request.
func (m *Meter) extra(i int, x *Exchange) string {
	return m.table.extras[i].Value(m.ask(m.extras[i].Func, Request{x}, labelFunc))
}

// outcome is the status to record.
func (x *Exchange) outcome() int {
	switch {
	case x.status != 0 && !x.clientGone:
		return x.status
	case x.hijacked:
		return http.StatusSwitchingProtocols
	case x.panicked:
		return http.StatusInternalServerError
	case x.clientGone:
		return StatusClientClosedRequest
	}
	return http.StatusOK
}

// bytesSent leaves out what a handler wrote where HTTP sends no body (RFC
// 9110, sections 9.3.2 and 15.3.5): frameworks count it all the same.
func (x *Exchange) bytesSent(status int) int64 {
	if x.BytesOut > 0 && x.sendsNoBody(status) {
		return 0
	}
	return x.BytesOut
}

func (x *Exchange) sendsNoBody(status int) bool {
	return x.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}

// observe records a value in one of a series's histograms, which is made when first
// needed. Negative values are not known and not recorded.
func (t *table) observe(slot *atomic.Pointer[hist.Histogram], l *hist.Bounds, what cellKind, s *series, v int64, hint uint32) {
	if v < 0 {
		return
	}
	h := slot.Load()
	if h == nil {
		h = t.makeHistogram(slot, l, what, s)
	}
	l.Observe(h, uint64(v), hint)
}

func (t *table) makeHistogram(slot *atomic.Pointer[hist.Histogram], l *hist.Bounds, what cellKind, s *series) *hist.Histogram {
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
