package tacho

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// An Exchange is one request and its response, as an adapter saw it: the seam
// between frameworks and the library. The adapter says what happened; the
// library decides what to record.
//
//	var x tacho.Exchange
//	if !m.Begin(&x, method, path) { … serve, measure nothing … }
//	… serve; report WroteHeader, Flushed, Hijack as they happen …
//	x.Settle(ctx, status, recover()) // in a deferred function
//	x.Route = template               // now the router has decided
//	m.End(&x)
//
// An Exchange is used by one goroutine at a time, except for SetRoute. It may be
// used again for another request, by Begin; one from a sync.Pool is the fastest.
type Exchange struct {
	// Route is the template of the route that matched, [Unmatched] when the
	// router found none, or empty when no router is in sight. The string is
	// copied before it is kept.
	Route string

	// BytesIn and BytesOut are the body bytes that were read and written.
	// Negative means that they are not known, and then they are not recorded.
	BytesIn, BytesOut int64

	meter  *Meter
	method string
	path   string // as the client sent it
	number uint32 // kept from one use to the next
	start  int64
	status int // the final status that was written; 0 before that

	firstByte  int64 // when the response was first flushed; 0 before that
	clientGone bool  // before a status was written
	hijacked   bool
	panicked   bool
	ctx        context.Context // as Settle got it, for Options.TraceFunc
	stream     bool
	excluded   bool

	route      *route                // by SetTemplate
	named      atomic.Pointer[route] // set by a router further inside
	nestedPath string                // the path that router saw
}

// streamAfter is how long a flushed response may go on before it counts as a
// stream: a response that was only written in pieces ends sooner.
const streamAfter = int64(time.Second)

// Begin starts an exchange. It reports whether the request is to be measured;
// if not, the exchange must be left alone. The strings are not kept beyond End.
func (m *Meter) Begin(x *Exchange, method, path string) bool {
	x.reset()
	x.meter, x.method, x.path = m, method, path
	if m.excludes(method, path) {
		x.excluded = true
		return false
	}
	if !m.opts.Minimal {
		m.inFlight.add(x.stripe(), 1)
	}
	x.start = m.now()
	return true
}

// reset forgets the request before. Field by field it takes half the time of
// assigning an empty Exchange, which copies one.
func (x *Exchange) reset() {
	x.Route, x.BytesIn, x.BytesOut = "", 0, 0
	x.status, x.firstByte = 0, 0
	x.clientGone, x.hijacked, x.panicked, x.stream, x.excluded = false, false, false, false, false
	if x.ctx != nil {
		x.ctx = nil
	}
	if x.nestedPath != "" || x.named.Load() != nil {
		x.nestedPath = ""
		x.named.Store(nil)
	}
	x.route = nil
	if x.number == 0 {
		x.number = exchanges.Add(1)
	}
}

func (m *Meter) excludes(method, path string) (yes bool) {
	if m.table.exclude.request(path) {
		return true
	}
	if m.opts.ExcludeFunc == nil {
		return false
	}
	defer m.survive("ExcludeFunc")
	return m.opts.ExcludeFunc(method, path)
}

// WroteHeader reports a status at the moment when it is written. The first
// final one counts; informational ones are passed over. When ctx, the
// server's context of the request, was cancelled by then, the client was
// gone before it could get a status. A nil ctx leaves that out.
func (x *Exchange) WroteHeader(ctx context.Context, status int) {
	if x.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	x.status = status
	x.clientGone = left(ctx)
}

// left reports whether the client has left. The server cancels a request's
// context without a cause; a base context that is cancelled with one, as by
// signal.NotifyContext, says nothing about the client.
func left(ctx context.Context) bool {
	return ctx != nil && ctx.Err() == context.Canceled && context.Cause(ctx) == context.Canceled
}

// Settle reports how the handler ended: with what recover() returned and, where
// nothing was written, the status that the framework sends in its place.
//
// A panic is a 500 unless a status was sent. http.ErrAbortHandler on a
// connection that the client has left is no panic: that is how ReverseProxy
// gives up. The adapter must panic again with the same value after End.
func (x *Exchange) Settle(ctx context.Context, implicit int, panicked any) {
	if x.meter != nil && x.meter.opts.TraceFunc != nil {
		x.ctx = ctx
	}
	switch {
	case panicked == http.ErrAbortHandler && left(ctx):
		x.WroteHeader(ctx, http.StatusInternalServerError)
	case panicked != nil:
		x.panicked = true
	case !x.hijacked:
		x.WroteHeader(ctx, implicit)
	}
}

// Flushed reports that the response, with this content type, was pushed to the
// client while the handler is still at work. Event streams count as streams
// from then on, other responses when they have gone on for a second.
func (x *Exchange) Flushed(contentType string) {
	if x.stream || x.idle() {
		return
	}
	now := x.meter.now()
	if x.firstByte == 0 {
		x.firstByte = now
	}
	if isEventStream(contentType) || now-x.firstByte >= streamAfter {
		x.startStream()
	}
}

func isEventStream(contentType string) bool {
	const want = "text/event-stream"
	return len(contentType) >= len(want) && strings.EqualFold(contentType[:len(want)], want)
}

// Hijack reports that the handler took the connection over. What passes on it
// from then on is not known.
func (x *Exchange) Hijack() {
	if x.hijacked {
		return
	}
	x.hijacked = true
	if x.idle() {
		return
	}
	if x.firstByte == 0 {
		x.firstByte = x.meter.now()
	}
	if !x.stream {
		x.startStream()
	}
}

func (x *Exchange) startStream() {
	x.stream = true
	x.meter.streams.Add(1)
}

// Exclude leaves this exchange out of everything that is recorded at its end.
// It is for handlers further inside that know better than the path.
func (x *Exchange) Exclude() { x.excluded = true }

// SetRoute names the route from further inside, where a router that the
// adapter cannot see has decided: a template or [Unmatched]. The last call
// wins. Unlike the fields, it may be called while another goroutine has
// already ended the exchange (a handler that outlives its time-out).
func (x *Exchange) SetRoute(template string) {
	if x.meter != nil {
		x.named.Store(x.meter.table.route(template))
	}
}

// SetTemplate names the route by a string that is valid for ever and never
// changes, such as a router's own copy of a template. It stands for setting
// Route, and is faster. Frameworks that reuse the memory of their strings
// (fasthttp) must not use it.
func (x *Exchange) SetTemplate(template string) {
	x.setTemplate(template, asItIs)
}

func (x *Exchange) setTemplate(text string, clean func(string) string) {
	if x.meter != nil {
		x.route = x.meter.table.staticRoute(text, clean)
	}
}

func asItIs(s string) string { return s }

// Status returns the status that was written so far, 0 before that.
func (x *Exchange) Status() int { return x.status }

// exchanges numbers the exchanges that there are.
var exchanges atomic.Uint32

// stripe is a number that mostly differs between processors: an exchange that
// comes from a pool is used again on the processor that used it before.
func (x *Exchange) stripe() uint32 { return x.number }

// idle reports whether there is nothing to measure.
func (x *Exchange) idle() bool { return x.meter == nil || x.excluded || x.meter.opts.Minimal }

// End records the exchange. It never panics and never blocks on I/O.
func (m *Meter) End(x *Exchange) {
	now := m.now()
	if !m.opts.Minimal {
		m.inFlight.add(x.stripe(), -1)
	}
	if x.stream {
		m.streams.Add(-1)
	}
	if x.excluded {
		return
	}
	r := x.route
	if named := x.named.Load(); named != nil {
		r = named
	} else if r == nil {
		r = m.table.route(x.routeName())
	}
	if !r.excluded {
		m.record(x, r, now)
	}
	x.excluded = true // whatever still writes to it is too late
}

func (x *Exchange) routeName() string {
	if x.Route == "" {
		return Unknown
	}
	return x.Route
}

// record writes the outcome into the cells of its route.
func (m *Meter) record(x *Exchange, r *route, now int64) {
	status := x.outcome()
	c := m.table.cell(m.table.row(r, m.table.methods.index(x.method)), status)
	w := c.series.row // not always that row: the budget may have folded it
	if c.folded != foldedNone || r == m.table.overflow {
		m.table.folds[max(c.folded, foldedRoute)].Add(1)
	}
	latency, hint := now-x.start, x.stripe()
	if x.firstByte != 0 && (x.stream || now-x.firstByte >= streamAfter) {
		observe(&w.streams, m.streamLadder, latency, hint)
		latency = x.firstByte - x.start
	}
	bucket := c.series.observe(uint64(max(latency, 0)), hint)
	if c.series.exemplars != nil {
		c.series.exemplars.observe(m, x.ctx, bucket, now, latency)
	}
	if x.panicked {
		w.panics.Add(1)
	}
	if x.hijacked || m.opts.Minimal {
		return // what passed on a hijacked connection is not known
	}
	observe(&w.requestSize, m.sizeLadder, x.BytesIn, hint)
	observe(&w.responseSize, m.sizeLadder, x.bytesSent(status), hint)
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
	noBody := x.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	if noBody && x.BytesOut > 0 {
		return 0
	}
	return x.BytesOut
}

// observe records a value in a histogram that is made when first needed.
// Negative values are not known and not recorded.
func observe(slot *atomic.Pointer[histogram], l *ladder, v int64, hint uint32) {
	if v < 0 {
		return
	}
	h := slot.Load()
	if h == nil {
		fresh := l.newHistogram()
		slot.CompareAndSwap(nil, &fresh)
		h = slot.Load()
	}
	l.observe(h, uint64(v), hint)
}
