package adapter

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// A Layer is what stands before handlers in a framework's chain: [Measure], [Track],
// [DoNotTrack] or [ExcludeAll]. Each request enters it, and leaves it when the handlers
// have returned. The adapter writes that once, for all four. A Layer is safe for
// concurrent use.
type Layer engine.Layer

// Measure returns the Layer that measures requests for a Meter. It may stand before or
// behind any other middleware, and several times: a request is counted once.
func Measure(m *tacho.Meter) *Layer { return (*Layer)(engine.MeasureLayer(engine.Of(m))) }

// Track returns the Layer that records the requests of a route in metrics, which must all
// belong to one Meter; otherwise it panics. They are recorded even if nothing measures.
func Track(metrics ...*tacho.Metric) *Layer {
	return (*Layer)(engine.TrackLayer(behind(metrics)...))
}

// DoNotTrack returns the Layer that leaves the requests of a route out of the HTTP metrics.
func DoNotTrack(m *tacho.Meter) *Layer {
	return (*Layer)(engine.MarkLayer(engine.Of(m), (*engine.Exchange).DoNotTrack))
}

// ExcludeAll returns the Layer that leaves the requests of a route out of everything,
// metrics of Track included, whichever of them stands first.
func ExcludeAll(m *tacho.Meter) *Layer {
	return (*Layer)(engine.MarkLayer(engine.Of(m), (*engine.Exchange).ExcludeAll))
}

// A Stack holds the calls of one request that are under way. It lets an inner Layer find
// the outer ones, whatever other middlewares have replaced in between. Keep it in the
// framework's context of the request, in a place that survives when a handler dispatches
// the request again. Where the framework reuses its contexts, keep the Stack as well: it
// then serves the next request without allocating. The zero value is ready to use.
//
// Without a place for it, use a nil Stack: outer layers are then found by the request's
// context and writer.
type Stack engine.Stack

// Params returns what stands in the path for a parameter of the route, or "". The contexts
// of Gin, Echo and Hertz are Params.
type Params interface{ Param(name string) string }

// A Call is one request's way through a Layer. Its fields are
//
//	Request *http.Request       // net/http: serve the handlers with it
//	Context context.Context     // elsewhere: serve the handlers with it
//	Writer  http.ResponseWriter // net/http: the writer as EnterHTTP was given it
//	Local   any                 // the adapter's own: a Stack keeps it with the Call
type Call engine.Call

// EnterHTTP enters the Layer with a request of a framework that is built on net/http. w is
// the framework's own writer, whose Unwrap leads to that of net/http. params may be nil,
// and route is the template that is known by now, [tacho.Unmatched], or "" while no router
// has decided; the string must never change (see [Exchange.SetTemplate]).
//
// If call is not nil, serve the handlers with call.Request, and call Leave when they have
// returned. If watched is not nil, replace the framework's writer by one
// that reports to it ([Watcher], [Exchange.Watch]).
func (l *Layer) EnterHTTP(s *Stack, w http.ResponseWriter, r *http.Request, params Params, route string) (call *Call, watched *Exchange) {
	c, x := (*engine.Layer)(l).EnterHTTP((*engine.Stack)(s), w, r, params, route)
	return (*Call)(c), (*Exchange)(x)
}

// Enter enters the Layer with a request of a framework that is not built on net/http: an
// RPC, or an HTTP request without http.Request. The strings must be valid until Leave. ctx
// is a context that is canceled when the client leaves; context.Background if the framework
// has none, and then no request is recorded as 499.
//
// If the call is not nil, serve the handlers with call.Context, where they take one, and
// call Leave when they have returned. Report TLS, streams and codes to call.Exchange.
func (l *Layer) Enter(ctx context.Context, s *Stack, method, path string, carrier Carrier) *Call {
	return (*Call)((*engine.Layer)(l).Enter(ctx, (*engine.Stack)(s), method, path, carrier))
}

// Local returns the adapter's own T of a call, and makes it if there is none. A Stack keeps
// it with the call, so that it is used again. A nil call gives a new T.
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

// Exchange returns the exchange of the call. It records nothing where the request takes
// part in another one.
func (c *Call) Exchange() *Exchange { return (*Exchange)((*engine.Call)(c).Exchange()) }

// Restore returns the request that a framework's context had before the call, given the
// one that it has now: that of a middleware further inside, which replaced ours, stays.
func (c *Call) Restore(r *http.Request) *http.Request { return (*engine.Call)(c).Restore(r) }

// Outcome is how a call ended. The zero value is that of a handler which did nothing, on
// net/http.
type Outcome struct {
	// Route is the template of the route, [tacho.Unmatched], or "" where no router has
	// decided. On net/http it is the same string as for EnterHTTP, unless the request was
	// dispatched again. Elsewhere it may be any string.
	Route string

	// Status is the status that was sent, or that the framework is about to send; 0 is
	// 200. It counts if none was reported to the exchange.
	Status int

	// Sent says that the status was sent already. It makes a difference with
	// Options.Minimal, where nothing watches the writer.
	Sent bool

	// BytesIn and BytesOut are the sizes of the bodies that were read and written, -1 if not
	// known. If they are 0, what the layer itself has counted is recorded: BytesIn on
	// net/http, BytesOut where the writer is one of Exchange.Watch.
	BytesIn, BytesOut int64

	// Panicked is what recover() returned in the deferred function that calls Leave.
	Panicked any

	// Kept says that something may still refer to the exchange, such as a writer that
	// could not be taken back. The call is then not used for another request.
	Kept bool
}

// Leave ends the call and, if it began an exchange, records it. Call it from a deferred
// function, so that it also runs if a handler panics: Leave panics again with the same
// value, while the handler's frames are still on the stack. The call must not be used after
// it.
func (c *Call) Leave(o Outcome) {
	(*engine.Call)(c).Leave(o.Route, o.Status, o.Sent, o.Kept, o.BytesIn, o.BytesOut, o.Panicked)
}
