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
	Route             string // a template, by the adapter; read at the end only
	BytesIn, BytesOut int64  // negative: not known
	Scratch           Scratch

	engine *Engine
	method string
	path   string // as the client sent it
	coded  uint32 // a code and one, by SetCode
	number uint32 // kept when the exchange is reused
	start  int64
	status int // the final status that was written; 0 before that

	firstByte  int64 // when the response was first flushed; 0 before that
	clientGone bool  // before a status was written
	silent     bool  // the handler wrote nothing: the status is that of Settle
	broken     bool  // a write failed, or the handler aborted
	replaced   bool  // http.TimeoutHandler has responded in the handler's place
	hijacked   bool
	panicked   bool
	trace      context.Context // for Options.TraceFunc, by Settle
	stream     bool
	excluded   bool
	unseen     bool   // the path is excluded, but some metrics count it
	only       bool   // by BeginTracked: only tracked metrics are recorded
	secure     bool   // by Secure
	over       bool   // the outcome is known
	flight     uint32 // its index among the in-flight gauges

	carrier Carrier
	link    contextLink // by Link
	tracked []tracking

	marks      atomic.Uint32               // by inner handlers
	route      *store.Route                // by SetTemplate
	named      atomic.Pointer[store.Route] // by an inner router
	nestedPath string                      // the path in that router

	watch watch // of the response, on net/http

	inner atomic.Pointer[http.Request] // an inner router's copy of the request, by SetRouteIn
}

// Scratch is the recorder's memory, which an Exchange keeps when it is reused.
type Scratch struct {
	Extras []string // the values of Options.Labels, once computed
	Texts  []string // for label values
	Key    []byte   // for the keys of label sets
}

// streamAfter is how long a flushed response lasts before it counts as a stream: a response that is
// merely written in pieces ends sooner.
const streamAfter = int64(time.Second)

// StatusClientClosedRequest is the status of a response that did not reach its client.
const StatusClientClosedRequest = 499

// A Carrier gives functions of labels access to the framework's request. Package adapter documents
// it.
type Carrier interface {
	RequestHeader(name string) string
	ResponseHeader(name string) string
	PathValue(name string) string
	HTTP() *http.Request
	Context() context.Context
	Writer() http.ResponseWriter
}

// Begin begins an exchange, and reports whether the request is measured. If not, the exchange must
// not be used.
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

// beginExcluded begins an exchange of an excluded request, if metrics on all routes count it.
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

// BeginTracked is Begin for tracked metrics of a request without an exchange: only these are
// recorded at the end. It returns false if the request is excluded for all of them.
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

// excludesTracked is the same for metrics on the route, to which the default list of exclusions
// does not apply.
func (e *Engine) excludesTracked(method, path string) bool {
	if e.Store.Exclude.Listed(path) && !(e.ExcludeByDefault && path != e.MetricsPath) {
		return true
	}
	return e.Store.Exclude.Matches(path) || e.ExcludeFunc != nil && e.ExcludeFunc(method, path)
}

// reset clears the previous request. Clearing field by field takes half the time of assigning an
// empty Exchange, which copies one.
func (x *Exchange) reset() {
	x.Route, x.BytesIn, x.BytesOut = "", 0, 0
	x.status, x.firstByte = 0, 0
	x.clientGone, x.hijacked, x.panicked, x.stream, x.excluded = false, false, false, false, false
	x.unseen, x.only, x.secure, x.over = false, false, false, false
	x.silent, x.broken, x.replaced = false, false, false
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
		x.inner.Store(nil)
	}
	x.coded = 0
	x.route = nil
	x.watch.use++ // writers of the previous request no longer report
	if x.watch.ctx != nil {
		x.watch.ctx = nil
	}
	if x.number == 0 {
		x.number = exchanges.Add(1)
	}
}

// Carry sets the Carrier, and begins recording the metrics of Meter.RegisterDefault.
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

// WroteHeader reports a status when it is written. The first final one counts; informational ones
// are ignored. ctx is the server's context of the request: if it is already canceled, the client
// may have disconnected, and End determines whether it got the response. A nil ctx skips this.
func (x *Exchange) WroteHeader(ctx context.Context, status int) {
	if x.status != 0 || status <= 0 || informational(status) {
		return
	}
	x.status = status
	x.clientGone = left(ctx)
}

// informational reports whether another status follows. A number below 100 is not a status; it is
// recorded unchanged, and never counts as success.
func informational(status int) bool {
	return 100 <= status && status < 200 && status != http.StatusSwitchingProtocols
}

// left reports whether the client seems to have disconnected. The server cancels a request's
// context without a cause; a base context that is canceled with one, as by signal.NotifyContext,
// does not concern the client.
func left(ctx context.Context) bool {
	return ctx != nil && ctx.Err() == context.Canceled && context.Cause(ctx) == context.Canceled
}

// WriteFailed reports the error of a write or flush of the response; nil is ignored. It
// distinguishes a client that has disconnected from one that has only closed its side.
func (x *Exchange) WriteFailed(err error) {
	switch err {
	case nil, http.ErrBodyNotAllowed, http.ErrContentLength: // the handler's own mistake
	case http.ErrHandlerTimeout:
		// http.TimeoutHandler, around the handler, has already responded.
		x.status, x.clientGone, x.replaced = http.StatusServiceUnavailable, false, true
	default:
		x.broken = true
	}
}

// lost reports whether a response that began when the request's context was already canceled did
// not reach its client. A canceled context is not proof: clients that close only their own side
// cancel it too, and so does a server that shuts down. So a response counts as received if all its
// bytes were accepted. In two cases nothing can be known and the canceled context is the likely
// cause: the handler wrote nothing, or the status is 500 or more.
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

// Settle reports the end of the handler: the result of recover() and, if nothing was written, the
// status that the framework sends instead.
//
// A panic is recorded as 500 unless a status was sent. http.ErrAbortHandler after the client has
// disconnected is not a panic: ReverseProxy aborts in this way. If an http.TimeoutHandler around
// the handler has already responded, its response is recorded.
func (x *Exchange) Settle(ctx context.Context, implicit int, panicked any) {
	if x.engine != nil && x.engine.Trace != nil {
		x.trace = ctx
		if x.carrier != nil {
			x.trace = x.carrier.Context() // handlers may have replaced it
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

// Flushed reports that the response, with this content type, was flushed to the client while the
// handler is still running. Event streams count as streams from then on, other responses after
// streamAfter.
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

// Hijack reports that the handler took over the connection. Traffic after that is not known.
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

// Exclude excludes this exchange from everything that is recorded at its end.
func (x *Exchange) Exclude() { x.excluded = true }

// Marks that inner handlers set on an exchange.
const (
	markUntracked = 1 << iota // by DoNotTrack
	markNothing               // by ExcludeAll
	markPath                  // the path is excluded
	markCoded                 // by SetInnerCode: the code is in the bits from codeShift on

	codeShift = 8
)

// DoNotTrack excludes this exchange from the HTTP metrics. Tracked metrics are still recorded. Any
// goroutine may call it.
func (x *Exchange) DoNotTrack() { x.marks.Or(markUntracked) }

// ExcludeAll excludes this exchange from everything, including tracked metrics. Any goroutine may
// call it.
func (x *Exchange) ExcludeAll() { x.marks.Or(markNothing) }

// ExcludedAll reports whether ExcludeAll was called.
func (x *Exchange) ExcludedAll() bool { return x.marks.Load()&markNothing != 0 }

// SetRoute sets the route from an inner router. The last call wins. It may be called after another
// goroutine has ended the exchange.
func (x *Exchange) SetRoute(template string) {
	if x.engine != nil {
		x.named.Store(x.engine.Store.Route(template))
	}
}

// SetRouteIn is SetRoute for a router that passes on a copy of the request, in which it has set path
// values.
func (x *Exchange) SetRouteIn(r *http.Request, template string) {
	x.inner.Store(r) // before the route: reset clears both if there is one
	x.SetRoute(template)
}

// SetTemplate sets the route to a string that never changes.
func (x *Exchange) SetTemplate(template string) { x.setTemplate(template, asItIs) }

func (x *Exchange) setTemplate(text string, clean func(string) string) {
	if x.engine != nil {
		x.route = x.engine.Store.StaticRoute(text, clean)
	}
}

func asItIs(s string) string { return s }

// settledRoute returns the route as far as it is known.
func (x *Exchange) settledRoute() *store.Route {
	if named := x.named.Load(); named != nil {
		return named
	}
	if x.route != nil {
		return x.route
	}
	return x.engine.Store.Route(cmp.Or(x.Route, unknown))
}

// Link returns a context through which inner handlers find this exchange. The exchange must not be
// reused, because the context may outlive it.
func (x *Exchange) Link(ctx context.Context) context.Context {
	x.link = contextLink{ctx, x}
	return &x.link
}

// Of reports whether the exchange belongs to this Meter.
func (x *Exchange) Of(e *Engine) bool {
	return x != nil && x.engine != nil && x.engine.Shared == e.Shared
}

// exchanges is the number of exchanges so far.
var exchanges atomic.Uint32

// idle reports whether there is nothing to measure.
func (x *Exchange) idle() bool {
	return x.engine == nil || x.excluded || x.only || x.unseen || !x.engine.Watches
}

func (x *Exchange) sendsNoBody(status int) bool {
	return x.method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}
