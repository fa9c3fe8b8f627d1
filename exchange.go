package tacho

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho/internal/store"
)

// An Exchange is one request and its response, as an adapter saw it: the seam
// between frameworks and the library. The adapter says what happened; the
// library decides what to record.
//
//	var x tacho.Exchange
//	if !m.Begin(&x, method, path) { … serve, measure nothing … }
//	… serve; report WroteHeader, WriteFailed, Flushed, Hijack as they happen …
//	x.Settle(ctx, status, recover()) // in a deferred function
//	x.Route = template               // now the router has decided
//	m.End(&x)
//
// An Exchange is used by one goroutine at a time, except for SetRoute,
// DoNotTrack and ExcludeAll. It may be used again for another request, by
// Begin; one from a sync.Pool is the fastest.
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
	silent     bool  // the handler wrote nothing: the status is that of Settle
	broken     bool  // a write failed, or the handler gave up
	hijacked   bool
	panicked   bool
	ctx        context.Context // as Settle got it, for Options.TraceFunc
	stream     bool
	excluded   bool
	unseen     bool   // the path is an excluded one, but some metrics count it
	only       bool   // by BeginTracked: nothing but tracked metrics is recorded
	secure     bool   // by Secure
	over       bool   // the outcome is known
	flight     uint32 // the kind of request that it is in flight as

	carrier Carrier
	link    contextLink // by Link
	tracked []tracking
	extras  []string // the values of Options.Labels, once they are known
	texts   []string // memory for label values
	key     []byte   // memory for the keys of label sets

	marks      atomic.Uint32               // by handlers further inside
	route      *store.Route                // by SetTemplate
	named      atomic.Pointer[store.Route] // set by a router further inside
	nestedPath string                      // the path that router saw
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
		return m.beginExcluded(x)
	}
	if m.watches {
		m.enter(x)
	}
	x.start = m.now()
	return true
}

// beginExcluded begins an exchange of an excluded request, if there are metrics
// for all routes that count those as well.
func (m *Meter) beginExcluded(x *Exchange) bool {
	defaults := m.defaults.Load()
	if defaults == nil || x.path == m.opts.MetricsPath || !slices.ContainsFunc(*defaults, (*Metric).countsExcluded) {
		x.excluded = true
		return false
	}
	x.unseen, x.start = true, m.now()
	x.marks.Store(markPath)
	return true
}

// BeginTracked is Begin for an adapter that finds no exchange under way where
// metrics are to be tracked: nothing but these is recorded at the end. It
// reports false if the request is excluded for all of them.
func (m *Meter) BeginTracked(x *Exchange, method, path string, metrics ...*Metric) bool {
	x.reset()
	x.meter, x.method, x.path = m, method, path
	if m.excludesTracked(method, path) {
		x.excluded = !slices.ContainsFunc(metrics, (*Metric).countsExcluded)
		x.marks.Store(markPath)
	}
	x.only, x.start = true, m.now()
	return !x.excluded
}

// reset forgets the request before. Field by field it takes half the time of
// assigning an empty Exchange, which copies one.
func (x *Exchange) reset() {
	x.Route, x.BytesIn, x.BytesOut = "", 0, 0
	x.status, x.firstByte = 0, 0
	x.clientGone, x.hijacked, x.panicked, x.stream, x.excluded = false, false, false, false, false
	x.unseen, x.only, x.secure, x.over = false, false, false, false
	x.silent, x.broken = false, false
	if x.ctx != nil {
		x.ctx = nil
	}
	if x.carrier != nil {
		x.carrier = nil
	}
	if len(x.tracked)+len(x.extras) > 0 {
		x.tracked, x.extras = x.tracked[:0], x.extras[:0]
	}
	if x.marks.Load() != 0 {
		x.marks.Store(0)
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

func (m *Meter) excludes(method, path string) bool {
	return m.store.Exclude.Request(path) || m.excludesByFunc(method, path)
}

// excludesTracked is the same for metrics that were put on the route: the list
// that excludes by default says nothing of them.
func (m *Meter) excludesTracked(method, path string) bool {
	if m.store.Exclude.Listed(path) && !(m.opts.excludeByDefault && path != m.opts.MetricsPath) {
		return true
	}
	return m.store.Exclude.Matches(path) || m.excludesByFunc(method, path)
}

func (m *Meter) excludesByFunc(method, path string) (yes bool) {
	if m.opts.ExcludeFunc == nil {
		return false
	}
	defer m.recoverPanic(excludeFunc)
	return m.opts.ExcludeFunc(method, path)
}

// Carry lets functions behind labels look at the framework's request, and begins
// what Meter.RegisterDefault asks for. Adapters call it once after Begin or
// BeginTracked.
func (x *Exchange) Carry(c Carrier) {
	x.carrier = c
	if defaults := x.meter.defaults.Load(); defaults != nil && !x.only {
		x.track(*defaults, true)
	}
}

// Secure reports that the request came over TLS. Adapters call it after Begin;
// only schemas that tell http from https make use of it.
func (x *Exchange) Secure() {
	if x.meter == nil || x.secure || !x.meter.store.Config.Schemes {
		return
	}
	x.secure = true
	if !x.idle() {
		x.meter.leave(x)
		x.meter.enter(x)
	}
}

// WroteHeader reports a status at the moment when it is written. The first
// final one counts; informational ones are passed over. ctx is the server's
// context of the request: if it was canceled by then, the client may be gone,
// and End decides whether it got the response. A nil ctx leaves that out.
func (x *Exchange) WroteHeader(ctx context.Context, status int) {
	if x.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	x.status = status
	x.clientGone = left(ctx)
}

// left reports whether the client seems to have left. The server cancels a
// request's context without a cause; a base context that is canceled with one,
// as by signal.NotifyContext, says nothing about the client.
func left(ctx context.Context) bool {
	return ctx != nil && ctx.Err() == context.Canceled && context.Cause(ctx) == context.Canceled
}

// WriteFailed reports the error of a write or flush of the response. Adapters
// call it where their framework returns one; nil is no error. It tells a client
// that has hung up from one that has only closed its side.
func (x *Exchange) WriteFailed(err error) {
	switch err {
	case nil, http.ErrBodyNotAllowed, http.ErrContentLength: // the handler's own mistake
	case http.ErrHandlerTimeout:
		// http.TimeoutHandler, outside of the handler, has already answered.
		x.status, x.clientGone = http.StatusServiceUnavailable, false
	default:
		x.broken = true
	}
}

// lost reports whether a response that began when the request's context had
// been canceled did not reach its client. A canceled context does not tell:
// clients that close only their own side, and a server that shuts down, cancel
// it as well. So a response counts as received if its bytes were accepted to
// the last one. There are two exceptions, where nothing can be known and the
// canceled context is the likely reason: a handler that wrote nothing, and a
// status of 500 or more.
func (x *Exchange) lost() bool {
	return x.broken || x.silent || x.status >= http.StatusInternalServerError || x.incomplete()
}

// incomplete reports whether less was written than Content-Length promised.
func (x *Exchange) incomplete() bool {
	if x.carrier == nil || x.BytesOut < 0 || x.sendsNoBody(x.status) {
		return false
	}
	promised, err := strconv.ParseInt(x.carrier.ResponseHeader("Content-Length"), 10, 64)
	return err == nil && x.BytesOut < promised
}

// Settle reports how the handler ended: with what recover() returned and, where
// nothing was written, the status that the framework sends in its place.
//
// A panic is a 500 unless a status was sent. http.ErrAbortHandler on a
// connection that the client has left is no panic: that is how ReverseProxy
// gives up. The adapter must panic again with the same value after End.
//
// Where an http.TimeoutHandler around the handler has answered in its place, that
// answer is recorded. implicit is 200 unless the handler has chosen another status, which the
// framework is about to send.
func (x *Exchange) Settle(ctx context.Context, implicit int, panicked any) {
	if x.meter != nil && x.meter.opts.TraceFunc != nil {
		x.ctx = ctx
		if x.carrier != nil {
			x.ctx = x.carrier.Context() // which handlers may have replaced
		}
	}
	if ctx != nil && ctx.Err() != nil {
		x.timedOut(ctx)
	}
	switch {
	case panicked == http.ErrAbortHandler && left(ctx):
		x.broken = true
		x.WroteHeader(ctx, http.StatusInternalServerError)
	case panicked != nil:
		x.panicked = true
	case !x.hijacked && x.status == 0:
		x.silent = implicit == http.StatusOK
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
	x.meter.store.Streams.Add(1)
}

// Exclude leaves this exchange out of everything that is recorded at its end.
// It is for handlers further inside that know better than the path.
func (x *Exchange) Exclude() { x.excluded = true }

// What handlers further inside say of an exchange.
const (
	markUntracked = 1 << iota // by DoNotTrack
	markNothing               // by ExcludeAll
	markPath                  // the path is an excluded one
)

// DoNotTrack leaves this exchange out of the HTTP metrics at its end. Metrics
// that are tracked are still recorded. It may be called by any goroutine.
func (x *Exchange) DoNotTrack() { x.marks.Or(markUntracked) }

// ExcludeAll leaves this exchange out of everything, tracked metrics included.
// It may be called by any goroutine.
func (x *Exchange) ExcludeAll() { x.marks.Or(markNothing) }

// ExcludedAll reports whether ExcludeAll was called. Adapters ask before they
// begin an exchange of their own for metrics on a route.
func (x *Exchange) ExcludedAll() bool { return x.marks.Load()&markNothing != 0 }

// SetRoute names the route from further inside, where a router that the
// adapter cannot see has decided: a template or [Unmatched]. The last call
// wins. Unlike the fields, it may be called while another goroutine has
// already ended the exchange (a handler that outlives its time-out).
func (x *Exchange) SetRoute(template string) {
	if x.meter != nil {
		x.named.Store(x.meter.store.Route(template))
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
		x.route = x.meter.store.StaticRoute(text, clean)
	}
}

func asItIs(s string) string { return s }

// Link returns a context that leads adapters and handlers further inside to this
// exchange, whatever stands in between. An adapter serves the request with it if
// Meter.Nested; it must not use such an Exchange again, since the context may
// outlive it.
func (x *Exchange) Link(ctx context.Context) context.Context {
	x.link = contextLink{ctx, x}
	return &x.link
}

// contextLink makes an exchange known to a handler further inside, however
// often the request was copied or the writer wrapped in between. Links of several
// Meters can lie one in the other: each answers for its own.
type contextLink struct {
	context.Context
	exchange *Exchange
}

type linkKey struct{ core *core }

func (l *contextLink) Value(key any) any {
	if k, ok := key.(linkKey); ok && l.exchange.meter.core == k.core {
		return l.exchange
	}
	return l.Context.Value(key)
}

// linkedExchange returns the exchange of this Meter to which the context leads,
// or nil.
func (m *Meter) linkedExchange(ctx context.Context) *Exchange {
	x, _ := ctx.Value(linkKey{m.core}).(*Exchange)
	return x
}

// Status returns the status that was written so far, 0 before that.
func (x *Exchange) Status() int { return x.status }

// exchanges numbers the exchanges that there are.
var exchanges atomic.Uint32

// stripe is a number that mostly differs between processors: an exchange that
// comes from a pool is used again on the processor that used it before.
func (x *Exchange) stripe() uint32 { return x.number }

// idle reports whether there is nothing to measure.
func (x *Exchange) idle() bool {
	return x.meter == nil || x.excluded || x.only || x.unseen || !x.meter.watches
}
