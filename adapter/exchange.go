package adapter

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// An Exchange is one request and its response. The adapter reports what happens, and tacho
// decides what to record.
//
// One goroutine at a time may use an Exchange, except for SetRoute, DoNotTrack and
// ExcludeAll. Begin makes it ready for another request: taking exchanges from a sync.Pool
// is fastest. Only an exchange whose Link was called must not be used again.
type Exchange engine.Exchange

func (x *Exchange) engine() *engine.Exchange { return (*engine.Exchange)(x) }

// A Carrier lets functions behind labels look at the framework's request. Its methods are
// called only if such labels exist, between [Exchange.Carry] and End. Strings need not be
// valid after the call.
type Carrier interface {
	// RequestHeader and ResponseHeader return the first value of a header, or "".
	RequestHeader(name string) string
	ResponseHeader(name string) string
	// PathValue returns what stands in the path for a parameter of the route, or "".
	PathValue(name string) string
	// HTTP returns the request of frameworks that are built on net/http, or nil.
	HTTP() *http.Request
	// Context returns the request's context.
	Context() context.Context
	// Writer returns the writer that the framework itself was given for the
	// response, or nil where it is not built on net/http.
	Writer() http.ResponseWriter
}

// Carry sets the Carrier, and begins the metrics of Meter.RegisterDefault. Call it once,
// after Begin or BeginTracked and before the handler.
func (x *Exchange) Carry(c Carrier) { x.engine().Carry(c) }

// Secure reports that the request came over TLS. Call it after Begin. Only schemas that
// tell http from https use it.
func (x *Exchange) Secure() { x.engine().Secure() }

// Link returns a context that leads adapters and handlers further inside to this exchange,
// whatever stands in between. Serve the request with it if the Recorder is Nested.
func (x *Exchange) Link(ctx context.Context) context.Context { return x.engine().Link(ctx) }

// Watch returns a writer that reports to the exchange: statuses, bytes, failed writes,
// flushes and hijacking. It has exactly those optional interfaces that w has
// (http.Flusher, http.Hijacker, io.ReaderFrom, http.Pusher, http.CloseNotifier), and
// Unwrap returns w. A handler that keeps it too long still writes to its own response and
// never reports to another exchange. ctx is the server's context of the request; that of
// EnterHTTP takes precedence.
func (x *Exchange) Watch(ctx context.Context, w http.ResponseWriter) http.ResponseWriter {
	return x.engine().Watch(ctx, w)
}

// WroteHeader reports a status when it is written. The first final one counts;
// informational ones (1xx but 101) and 0 are ignored. ctx is the server's context of the
// request: if it is canceled without a cause, the client may be gone, and End decides
// whether the response was lost (status 499). Where nothing cancels it, pass
// context.Background.
func (x *Exchange) WroteHeader(ctx context.Context, status int) {
	x.engine().WroteHeader(ctx, status)
}

// Wrote reports n bytes of the response's body and the error of the write, and returns
// both.
func (x *Exchange) Wrote(n int, err error) (int, error) {
	e := x.engine()
	e.BytesOut += int64(n)
	if err != nil {
		e.WriteFailed(err)
	}
	return n, err
}

// WriteFailed reports the error of a write or flush of the response; nil is no error. It
// tells a client that has hung up from one that has only closed its side.
func (x *Exchange) WriteFailed(err error) { x.engine().WriteFailed(err) }

// Flushed reports that the response, with this content type, was pushed to the client
// while the handler is still running. An event stream is a stream from then on, any other
// response once it has gone on for a second.
func (x *Exchange) Flushed(contentType string) { x.engine().Flushed(contentType) }

// Hijack reports that the handler took over the connection. What passes on it from then on
// is not recorded.
func (x *Exchange) Hijack() { x.engine().Hijack() }

// SetCode reports the outcome of an RPC as one of the codes that gRPC and Connect share,
// from 0 (OK) to 16 (UNAUTHENTICATED). The status that is recorded is the one that
// google.rpc.Code gives for it, so that error rates, alerts and dashboards work: NOT_FOUND
// is 404, UNAVAILABLE is 503, an unknown code is 500. Request.Code returns the code itself
// to functions behind labels. It counts like WroteHeader: the first one does. ctx is the
// context of the RPC.
func (x *Exchange) SetCode(ctx context.Context, code uint32) { x.engine().SetCode(ctx, code) }

// SetTemplate names the route that the adapter's own router has matched: its template, or
// [tacho.Unmatched] where it found none. Without it the route is [tacho.Unknown]. The
// string must never change, as a router's own copy of a template does not: it is
// recognized by its address.
func (x *Exchange) SetTemplate(template string) { x.engine().SetTemplate(template) }

// CopyTemplate is SetTemplate for any string, such as one that was made for this request
// or one whose memory the framework reuses (fasthttp). It must be valid until End.
func (x *Exchange) CopyTemplate(template string) { x.engine().Route = template }

// SetRoute names the route from further inside: an adapter calls it on the exchange that
// encloses its own. It takes precedence over SetTemplate, and the last call wins. Any
// goroutine may call it, even after End (a handler that outlives its time-out). The string
// need not be valid after the call.
func (x *Exchange) SetRoute(template string) { x.engine().SetRoute(template) }

// SetBytesIn reports how many bytes of the request's body were read, and SetBytesOut how
// many of the response's body were written. Negative means that the size is not known; it
// is then not recorded.
func (x *Exchange) SetBytesIn(n int64) { x.engine().BytesIn = n }

// SetBytesOut is described at SetBytesIn.
func (x *Exchange) SetBytesOut(n int64) { x.engine().BytesOut = n }

// Settle reports how the handler ended: with what recover() returned and, where nothing
// was written, the status that the framework is about to send (200 unless the handler has
// chosen another one).
//
// A panic is a 500 unless a status was sent. http.ErrAbortHandler on a connection that the
// client has left is no panic: that is how httputil.ReverseProxy gives up. After End, panic
// again with the same value. ctx is that of WroteHeader. Where an http.TimeoutHandler
// around the handler has answered in its place, its 503 is recorded.
func (x *Exchange) Settle(ctx context.Context, implicit int, panicked any) {
	x.engine().Settle(ctx, implicit, panicked)
}

// Status returns the status that was written so far, 0 before that.
func (x *Exchange) Status() int { return x.engine().Status() }

// Exclude leaves the exchange out of everything that End records. It is for handlers
// that know better than the path, and must be called before End by the goroutine that
// serves the request.
func (x *Exchange) Exclude() { x.engine().Exclude() }

// DoNotTrack leaves the exchange out of the HTTP metrics. Metrics on its route are still
// recorded.
func (x *Exchange) DoNotTrack() { x.engine().DoNotTrack() }

// ExcludeAll leaves the exchange out of everything, metrics on its route included.
func (x *Exchange) ExcludeAll() { x.engine().ExcludeAll() }

// ExcludedAll reports whether ExcludeAll was called. Check it before BeginTracked on the
// exchange that the request's context leads to.
func (x *Exchange) ExcludedAll() bool { return x.engine().ExcludedAll() }

// Track records the exchange in these metrics, too. Call it before the handler that they
// were put on, and Tracked with its result after the handler, also if that panics. Metrics
// of other Meters are ignored, and so are metrics that are tracked already: a request that
// is dispatched again is one request.
func (x *Exchange) Track(metrics ...*tacho.Metric) (mark int) {
	return x.engine().Track(behind(metrics)...)
}

// Tracked ends what Track began.
func (x *Exchange) Tracked(mark int) { x.engine().Tracked(mark) }

// Of reports whether the exchange belongs to this Meter, or one on the same registry.
func (x *Exchange) Of(r *Recorder) bool { return x.engine().Of(r.engine()) }
