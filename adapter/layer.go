package adapter

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// A Layer is one middleware in a framework's chain: [Measure], [Track], [DoNotTrack] or
// [ExcludeAll]. Each request enters it before the handlers and leaves it after them. The adapter
// implements this once for all four. A Layer is safe for concurrent use.
type Layer engine.Layer

// Measure returns the Layer that measures requests for a Meter. It may be anywhere among other
// middleware, even several times: each request is counted once.
func Measure(m *tacho.Meter) *Layer { return (*Layer)(engine.MeasureLayer(engine.Of(m))) }

// Track returns the Layer that records the requests of a route in metrics. It panics unless all
// metrics belong to one Meter. They are recorded even if no other Layer measures.
func Track(metrics ...*tacho.Metric) *Layer {
	return (*Layer)(engine.TrackLayer(behind(metrics)...))
}

// DoNotTrack returns the Layer that excludes the requests of a route from the HTTP metrics.
func DoNotTrack(m *tacho.Meter) *Layer {
	return (*Layer)(engine.MarkLayer(engine.Of(m), (*engine.Exchange).DoNotTrack))
}

// ExcludeAll returns the Layer that excludes the requests of a route from everything, including
// metrics of Track, regardless of their order.
func ExcludeAll(m *tacho.Meter) *Layer {
	return (*Layer)(engine.MarkLayer(engine.Of(m), (*engine.Exchange).ExcludeAll))
}

// A Stack holds the active calls of one request. It lets an inner Layer find the outer ones,
// whatever other middleware has replaced in between. Keep it in the framework's context of the
// request, in a place that remains when a handler dispatches the request again. If the framework
// reuses its contexts, keep the Stack too: it then serves the next request without allocating. The
// zero value is ready to use.
//
// If there is no such place, use a nil Stack: outer layers are then found by the request's context
// and writer, and calls come from a pool.
type Stack engine.Stack

// Params returns the value of a route parameter in the path, or "". The contexts of Gin, Echo and
// Hertz are Params.
type Params interface{ Param(name string) string }

// A Call is the pass of one request through a Layer. Its fields are
//
//	Request *http.Request       // net/http: serve the handlers with it
//	Context context.Context     // elsewhere: serve the handlers with it
//	Writer  http.ResponseWriter // net/http: the writer as EnterHTTP was given it
//	Local   any                 // the adapter's own: a Stack keeps it with the Call
type Call engine.Call

// EnterHTTP enters the Layer with a request of a framework that is built on net/http. w is the
// framework's own writer, and its Unwrap must lead to that of net/http. params may be nil. route is
// the template if it is already known, [tacho.Unmatched], or "" if the router has not decided yet.
// The string must never change (see [Exchange.SetTemplate]).
//
// If call is not nil, serve the handlers with call.Request, and call Leave after they have
// returned. If watched is not nil, replace the framework's writer with one that reports to it
// ([Watcher], [Exchange.Watch]).
func (l *Layer) EnterHTTP(s *Stack, w http.ResponseWriter, r *http.Request, params Params, route string) (call *Call, watched *Exchange) {
	c, x := (*engine.Layer)(l).EnterHTTP((*engine.Stack)(s), w, r, params, route)
	return (*Call)(c), (*Exchange)(x)
}

// Enter enters the Layer with a request of a framework that is not built on net/http: an RPC, or an
// HTTP request without http.Request. The strings must be valid until Leave. ctx must be canceled
// when the client disconnects. If the framework has no such context, pass context.Background; then
// no request is recorded as 499.
//
// If the call is not nil, serve the handlers with call.Context, if they take one, and call Leave
// after they have returned. Report TLS, streams and codes to call.Exchange.
func (l *Layer) Enter(ctx context.Context, s *Stack, method, path string, carrier Carrier) *Call {
	return (*Call)((*engine.Layer)(l).Enter(ctx, (*engine.Stack)(s), method, path, carrier))
}

// Local returns the adapter's own T of a call, and creates it if necessary. A Stack keeps it with
// the call for reuse. A nil call returns a new T.
func Local[T any](c *Call) *T {
	if c == nil {
		return new(T)
	}
	t, ok := c.Local.(*T)
	if !ok {
		t = new(T)
		c.Local = t
	}
	return t
}

// Exchange returns the exchange of the call. It records nothing if the request already belongs to
// another exchange.
func (c *Call) Exchange() *Exchange { return (*Exchange)((*engine.Call)(c).Exchange()) }

// Restore returns the request that the framework's context should have after the call, given its
// present one: the request before the call, unless an inner middleware has replaced it again.
func (c *Call) Restore(r *http.Request) *http.Request { return (*engine.Call)(c).Restore(r) }

// Outcome describes how a call ended. On net/http, the zero value is that of a handler that did
// nothing.
type Outcome struct {
	// Route is the template of the route, [tacho.Unmatched], or "" if no router has decided. On
	// net/http it is the same string as for EnterHTTP, unless the request was dispatched again.
	// Otherwise it may be any string.
	Route string

	// Status is the status that was sent, or that the framework is about to send; 0 means 200. It
	// is used if no status was reported to the exchange.
	Status int

	// Sent means that the status has already been sent. It only matters with Options.Minimal, where
	// the writer is not watched.
	Sent bool

	// BytesIn and BytesOut are the sizes of the bodies that were read and written, -1 if not known.
	// If they are 0, the layer's own counts are used: BytesIn on net/http, BytesOut if the writer
	// is from Exchange.Watch.
	BytesIn, BytesOut int64

	// Panicked is the result of recover() in the deferred function that calls Leave.
	Panicked any

	// Kept means that something, such as a writer that could not be restored, may still refer to
	// the exchange. The call is then not reused for another request.
	Kept bool
}

// Leave ends the call and, if it began an exchange, records it. Call it from a deferred
// function, so that it also runs if a handler panics: Leave panics again with the same
// value, while the handler's frames are still on the stack. The call must not be used after
// it.
func (c *Call) Leave(o Outcome) {
	(*engine.Call)(c).Leave(o.Route, o.Status, o.Sent, o.Kept, o.BytesIn, o.BytesOut, o.Panicked)
}
