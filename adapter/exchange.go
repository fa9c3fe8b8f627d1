package adapter

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// An Exchange is one request and its response. The adapter reports events, and tacho decides what
// to record.
//
// An Exchange must be used by one goroutine at a time, except for SetRoute, DoNotTrack and
// ExcludeAll. Begin prepares it for another request, so exchanges can be kept in a sync.Pool. An
// exchange must not be reused after Link.
type Exchange engine.Exchange

func (x *Exchange) engine() *engine.Exchange { return (*engine.Exchange)(x) }

// A Carrier gives functions of labels access to the framework's request. Its methods are called
// only if such labels exist, between [Exchange.Carry] and End. Returned strings need not be valid
// after the call.
type Carrier interface {
	// RequestHeader and ResponseHeader return the first value of a header, or "".
	RequestHeader(name string) string
	ResponseHeader(name string) string
	// PathValue returns the value of a route parameter in the path, or "".
	PathValue(name string) string
	// HTTP returns the request if the framework is built on net/http, otherwise nil.
	HTTP() *http.Request
	// Context returns the request's context.
	Context() context.Context
	// Writer returns the writer that the framework itself got for the response, or nil if it is not
	// built on net/http.
	Writer() http.ResponseWriter
}

// Carry sets the Carrier, and begins recording the metrics of Meter.RegisterDefault. Call it once,
// after Begin or BeginTracked and before the handler.
func (x *Exchange) Carry(c Carrier) { x.engine().Carry(c) }

// Secure reports that the request came over TLS. Call it after Begin. Only schemas with a scheme
// label use it.
func (x *Exchange) Secure() { x.engine().Secure() }

// Link returns a context through which inner adapters and handlers find this exchange, regardless
// of other middleware. Serve the request with it if the Recorder is Nested.
func (x *Exchange) Link(ctx context.Context) context.Context { return x.engine().Link(ctx) }

// Watch returns a writer that reports to the exchange: statuses, bytes, failed writes, flushes and
// hijacking. It has exactly the optional interfaces of w (http.Flusher, http.Hijacker,
// io.ReaderFrom, http.Pusher, http.CloseNotifier), and Unwrap returns w. A handler that keeps it
// after returning still writes to its own response and never reports to another exchange. ctx is
// the server's context of the request; that of EnterHTTP takes precedence.
func (x *Exchange) Watch(ctx context.Context, w http.ResponseWriter) http.ResponseWriter {
	return x.engine().Watch(ctx, w)
}

// WroteHeader reports a status when it is written. Only the first final one counts; informational
// ones (1xx except 101) and 0 are ignored. ctx is the server's context of the request. If it is
// canceled without a cause, the client may have disconnected, and End determines whether the
// response was lost (status 499). If nothing cancels it, pass context.Background.
func (x *Exchange) WroteHeader(ctx context.Context, status int) {
	x.engine().WroteHeader(ctx, status)
}

// Wrote reports n bytes of the response's body and the error of the write, and returns both.
func (x *Exchange) Wrote(n int, err error) (int, error) {
	e := x.engine()
	e.BytesOut += int64(n)
	if err != nil {
		e.WriteFailed(err)
	}
	return n, err
}

// WriteFailed reports the error of a write or flush of the response; nil is ignored. Errors
// distinguish a client that has disconnected from one that has only closed its side of the
// connection.
func (x *Exchange) WriteFailed(err error) { x.engine().WriteFailed(err) }

// Flushed reports that the response, with this content type, was flushed to the client while the
// handler is still running. An event stream counts as a stream from then on, any other response
// after one second.
func (x *Exchange) Flushed(contentType string) { x.engine().Flushed(contentType) }

// Hijack reports that the handler took over the connection. Traffic after that is not recorded.
func (x *Exchange) Hijack() { x.engine().Hijack() }

// SetCode reports the outcome of an RPC as one of the codes of gRPC and Connect, from 0 (OK) to 16
// (UNAUTHENTICATED). It records the HTTP status that google.rpc.Code assigns to the code, so that
// error rates, alerts and dashboards work: NOT_FOUND is 404, UNAVAILABLE is 503, an unknown code is
// 500. Request.Code returns the code itself to functions of labels. The first call counts. The code
// takes precedence over a status that was written: over HTTP, an RPC may fail after a 200. ctx is
// that of WroteHeader.
func (x *Exchange) SetCode(ctx context.Context, code uint32) { x.engine().SetCode(ctx, code) }

// SetInnerCode sets the code of an RPC from an inner adapter, as SetRoute does for the route: an
// adapter calls it on the exchange that encloses its own. The first call counts. Any goroutine may
// call it before the exchange ends. A Layer calls it itself.
func (x *Exchange) SetInnerCode(code uint32) { x.engine().SetInnerCode(code) }

// SetTemplate sets the route that the adapter's own router has matched: its template, or
// [tacho.Unmatched] if it found none. Without it the route is [tacho.Unknown]. The string must
// never change, because it is recognized by its address. A router's own copy of a template is
// suitable.
func (x *Exchange) SetTemplate(template string) { x.engine().SetTemplate(template) }

// CopyTemplate is SetTemplate for any string, such as one that was made for this request or one
// whose memory the framework reuses (fasthttp). The string must be valid until End.
func (x *Exchange) CopyTemplate(template string) { x.engine().Route = template }

// SetRoute sets the route from an inner router: an adapter calls it on the exchange that encloses
// its own. It takes precedence over SetTemplate, and the last call wins. Any goroutine may call it,
// even after End (a handler that runs longer than its timeout). The string need not be valid after
// the call.
func (x *Exchange) SetRoute(template string) { x.engine().SetRoute(template) }

// SetRouteIn is SetRoute for a router that passes on a copy of the request, such as gorilla/mux: Labels
// also find the path values that were set in r. r must not be changed after the call.
func (x *Exchange) SetRouteIn(r *http.Request, template string) {
	x.engine().SetRouteIn(r, template)
}

// SetBytesIn reports the number of bytes read from the request's body, and SetBytesOut the number
// written to the response's body. A negative size is unknown and not recorded.
func (x *Exchange) SetBytesIn(n int64) { x.engine().BytesIn = n }

// SetBytesOut: see SetBytesIn.
func (x *Exchange) SetBytesOut(n int64) { x.engine().BytesOut = n }

// Settle reports the end of the handler: the result of recover() and, if nothing was written, the
// status that the framework is about to send (200 unless the handler has set another one).
//
// A panic is recorded as 500 unless a status was sent. http.ErrAbortHandler after the client has
// disconnected is not a panic: httputil.ReverseProxy aborts in this way. After End, panic again
// with the same value. ctx is that of WroteHeader. If an http.TimeoutHandler around the handler has
// already responded, its 503 is recorded.
func (x *Exchange) Settle(ctx context.Context, implicit int, panicked any) {
	x.engine().Settle(ctx, implicit, panicked)
}

// Status returns the status that was written, 0 before that.
func (x *Exchange) Status() int { return x.engine().Status() }

// Exclude excludes the exchange from everything that End records. It is for handlers that decide
// this themselves. The goroutine that serves the request must call it before End.
func (x *Exchange) Exclude() { x.engine().Exclude() }

// DoNotTrack excludes the exchange from the HTTP metrics. Metrics on its route are still recorded.
func (x *Exchange) DoNotTrack() { x.engine().DoNotTrack() }

// ExcludeAll excludes the exchange from everything, including metrics on its route.
func (x *Exchange) ExcludeAll() { x.engine().ExcludeAll() }

// ExcludedAll reports whether ExcludeAll was called. Before BeginTracked, check it on the exchange
// in the request's context.
func (x *Exchange) ExcludedAll() bool { return x.engine().ExcludedAll() }

// Track also records the exchange in these metrics. Call it before the handler that they were put
// on, and call Tracked with its result after the handler, even if that panics. Metrics of other
// Meters are ignored, and so are metrics that are tracked already: a request that is dispatched
// again counts once.
func (x *Exchange) Track(metrics ...*tacho.Metric) (mark int) {
	return x.engine().Track(behind(metrics)...)
}

// Tracked ends what Track began.
func (x *Exchange) Tracked(mark int) { x.engine().Tracked(mark) }

// Of reports whether the exchange belongs to this Meter, or to another one on the same registry.
func (x *Exchange) Of(r *Recorder) bool { return x.engine().Of(r.engine()) }
