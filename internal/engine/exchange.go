package engine

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho/internal/store"
)

// An Exchange is one request and its response. Package adapter documents it.
type Exchange struct {
	Route             string // a template, by the adapter; only read at the end
	BytesIn, BytesOut int64  // negative: not known
	Scratch           Scratch

	engine *Engine
	method string
	path   string // as the client sent it
	code   string // by SetCode
	number uint32 // kept from one use to the next
	start  int64
	status int // the final status that was written; 0 before that

	firstByte  int64 // when the response was first flushed; 0 before that
	clientGone bool  // before a status was written
	silent     bool  // the handler wrote nothing: the status is that of Settle
	broken     bool  // a write failed, or the handler gave up
	hijacked   bool
	panicked   bool
	trace      context.Context // for Options.TraceFunc, by Settle
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

	marks      atomic.Uint32               // by handlers further inside
	route      *store.Route                // by SetTemplate
	named      atomic.Pointer[store.Route] // set by a router further inside
	nestedPath string                      // the path that router saw

	watch watch // of the response, on net/http
}

// Scratch is the recorder's memory, which an Exchange keeps from one use to the next.
type Scratch struct {
	Extras []string // the values of Options.Labels, once they are known
	Texts  []string // for label values
	Key    []byte   // for the keys of label sets
}

// streamAfter is how long a flushed response may go on before it counts as a
// stream: a response that was only written in pieces ends sooner.
const streamAfter = int64(time.Second)

// StatusClientClosedRequest is the status of a response that its client did not wait
// for.
const StatusClientClosedRequest = 499

// A Carrier lets functions behind labels look at the framework's request. Package
// adapter documents it.
type Carrier interface {
	RequestHeader(name string) string
	ResponseHeader(name string) string
	PathValue(name string) string
	HTTP() *http.Request
	Context() context.Context
	Writer() http.ResponseWriter
}

// Begin starts an exchange, and reports whether the request is to be measured. If
// not, the exchange must be left alone.
func (e *Engine) Begin(x *Exchange, method, path string) bool {
	x.reset()
	x.engine, x.method, x.path = e, method, path
	if e.Excludes(method, path) {
		return e.beginExcluded(x)
	}
	if e.Watches {
		e.enter(x)
	}
	x.start = e.Now()
	return true
}

// beginExcluded begins an exchange of an excluded request, if there are metrics
// for all routes that count those as well.
func (e *Engine) beginExcluded(x *Exchange) bool {
	defaults := e.Defaults.Load()
	if defaults == nil || x.path == e.MetricsPath || !slices.ContainsFunc(*defaults, (*Metric).countsExcluded) {
		x.excluded = true
		return false
	}
	x.unseen, x.start = true, e.Now()
	x.marks.Store(markPath)
	return true
}

// BeginTracked is Begin where no exchange is under way and metrics are tracked:
// nothing but these is recorded at the end. It reports false if the request is
// excluded for all of them.
func (e *Engine) BeginTracked(x *Exchange, method, path string, metrics ...*Metric) bool {
	x.reset()
	x.engine, x.method, x.path = e, method, path
	if e.excludesTracked(method, path) {
		x.excluded = !slices.ContainsFunc(metrics, (*Metric).countsExcluded)
		x.marks.Store(markPath)
	}
	x.only, x.start = true, e.Now()
	return !x.excluded
}

// Excludes reports whether a request is excluded.
func (e *Engine) Excludes(method, path string) bool {
	return e.Store.Exclude.Request(path) || e.ExcludeFunc != nil && e.ExcludeFunc(method, path)
}

// excludesTracked is the same for metrics that were put on the route: the list
// that excludes by default says nothing of them.
func (e *Engine) excludesTracked(method, path string) bool {
	if e.Store.Exclude.Listed(path) && !(e.ExcludeByDefault && path != e.MetricsPath) {
		return true
	}
	return e.Store.Exclude.Matches(path) || e.ExcludeFunc != nil && e.ExcludeFunc(method, path)
}

// reset forgets the request before. Field by field it takes half the time of
// assigning an empty Exchange, which copies one.
func (x *Exchange) reset() {
	x.Route, x.BytesIn, x.BytesOut = "", 0, 0
	x.status, x.firstByte = 0, 0
	x.clientGone, x.hijacked, x.panicked, x.stream, x.excluded = false, false, false, false, false
	x.unseen, x.only, x.secure, x.over = false, false, false, false
	x.silent, x.broken = false, false
	if x.trace != nil {
		x.trace = nil
	}
	if x.carrier != nil {
		x.carrier = nil
	}
	if len(x.tracked)+len(x.Scratch.Extras) > 0 {
		x.tracked, x.Scratch.Extras = x.tracked[:0], x.Scratch.Extras[:0]
	}
	if x.marks.Load() != 0 {
		x.marks.Store(0)
	}
	if x.nestedPath != "" || x.named.Load() != nil {
		x.nestedPath = ""
		x.named.Store(nil)
	}
	if x.code != "" {
		x.code = ""
	}
	x.route = nil
	x.watch.use++ // writers of the request before report no more
	if x.watch.ctx != nil {
		x.watch.ctx = nil
	}
	if x.number == 0 {
		x.number = exchanges.Add(1)
	}
}

// Carry sets the Carrier, and begins what Meter.RegisterDefault asks for.
func (x *Exchange) Carry(c Carrier) {
	x.carrier = c
	if defaults := x.engine.Defaults.Load(); defaults != nil && !x.only {
		x.track(*defaults, true)
	}
}

// Secure reports that the request came over TLS. It is called after Begin.
func (x *Exchange) Secure() {
	if x.engine == nil || x.secure || !x.engine.Store.Config.Schemes {
		return
	}
	x.secure = true
	if !x.idle() {
		x.engine.leave(x)
		x.engine.enter(x)
	}
}

// WroteHeader reports a status at the moment when it is written. The first
// final one counts; informational ones are passed over. ctx is the server's
// context of the request: if it was canceled by then, the client may be gone,
// and End decides whether it got the response. A nil ctx leaves that out.
func (x *Exchange) WroteHeader(ctx context.Context, status int) {
	if x.status != 0 || status <= 0 || informational(status) {
		return
	}
	x.status = status
	x.clientGone = left(ctx)
}

// informational reports whether another status follows. A number below 100 is no status
// at all; it is recorded as it is, and never taken for a success.
func informational(status int) bool {
	return 100 <= status && status < 200 && status != http.StatusSwitchingProtocols
}

// left reports whether the client seems to have left. The server cancels a
// request's context without a cause; a base context that is canceled with one,
// as by signal.NotifyContext, says nothing about the client.
func left(ctx context.Context) bool {
	return ctx != nil && ctx.Err() == context.Canceled && context.Cause(ctx) == context.Canceled
}

// WriteFailed reports the error of a write or flush of the response; nil is no
// error. It tells a client that has hung up from one that has only closed its side.
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
// gives up. Where an http.TimeoutHandler around the handler has answered in its
// place, that answer is recorded.
func (x *Exchange) Settle(ctx context.Context, implicit int, panicked any) {
	if x.engine != nil && x.engine.Trace != nil {
		x.trace = ctx
		if x.carrier != nil {
			x.trace = x.carrier.Context() // which handlers may have replaced
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
// from then on, other responses when they have gone on for streamAfter.
func (x *Exchange) Flushed(contentType string) {
	if x.stream || x.idle() {
		return
	}
	now := x.engine.Now()
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
		x.firstByte = x.engine.Now()
	}
	if !x.stream {
		x.startStream()
	}
}

func (x *Exchange) startStream() {
	x.stream = true
	x.engine.Store.Streams.Add(1)
}

// Exclude leaves this exchange out of everything that is recorded at its end.
func (x *Exchange) Exclude() { x.excluded = true }

// What handlers further inside say of an exchange.
const (
	markUntracked = 1 << iota // by DoNotTrack
	markNothing               // by ExcludeAll
	markPath                  // the path is an excluded one
)

// DoNotTrack leaves this exchange out of the HTTP metrics. Metrics that are
// tracked are still recorded. It may be called by any goroutine.
func (x *Exchange) DoNotTrack() { x.marks.Or(markUntracked) }

// ExcludeAll leaves this exchange out of everything, tracked metrics included.
// It may be called by any goroutine.
func (x *Exchange) ExcludeAll() { x.marks.Or(markNothing) }

// ExcludedAll reports whether ExcludeAll was called.
func (x *Exchange) ExcludedAll() bool { return x.marks.Load()&markNothing != 0 }

// SetRoute names the route from further inside. The last call wins. It may be
// called while another goroutine has already ended the exchange.
func (x *Exchange) SetRoute(template string) {
	if x.engine != nil {
		x.named.Store(x.engine.Store.Route(template))
	}
}

// SetTemplate names the route by a string that never changes.
func (x *Exchange) SetTemplate(template string) { x.setTemplate(template, asItIs) }

func (x *Exchange) setTemplate(text string, clean func(string) string) {
	if x.engine != nil {
		x.route = x.engine.Store.StaticRoute(text, clean)
	}
}

func asItIs(s string) string { return s }

// settledRoute is the route as far as it is known.
func (x *Exchange) settledRoute() *store.Route {
	if named := x.named.Load(); named != nil {
		return named
	}
	if x.route != nil {
		return x.route
	}
	return x.engine.Store.Route(cmp.Or(x.Route, unknown))
}

// Link returns a context that leads those further inside to this exchange. Such an
// exchange must not be used again, since the context may outlive it.
func (x *Exchange) Link(ctx context.Context) context.Context {
	x.link = contextLink{ctx, x}
	return &x.link
}

// Of reports whether the exchange is one of this Meter's.
func (x *Exchange) Of(e *Engine) bool {
	return x != nil && x.engine != nil && x.engine.Shared == e.Shared
}

// exchanges numbers the exchanges that there are.
var exchanges atomic.Uint32

// idle reports whether there is nothing to measure.
func (x *Exchange) idle() bool {
	return x.engine == nil || x.excluded || x.only || x.unseen || !x.engine.Watches
}

func (x *Exchange) sendsNoBody(status int) bool {
	return x.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}
