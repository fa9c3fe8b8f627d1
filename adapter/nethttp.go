package adapter

import (
	"bufio"
	"context"
	"net"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/reqcopy"
)

// Middleware measures a router of net/http that reports its routes in its own way, such
// as chi or gorilla/mux: no adapter of its own is needed. The result goes around the
// router or into its chain (Router.Use).
//
// route returns the template of the route that a request has taken, [tacho.Unmatched] if
// the router found none, or "" if it cannot tell (yet). Then the pattern counts that the
// router has left in Request.Pattern, then Options.RouteFunc, and the route is
// [tacho.Unknown] otherwise. route is called with the request that the middleware passes
// on: when the handlers have returned, and also before them where another exchange is
// under way. It must be fast and safe for concurrent use; a panic in it counts as "".
func Middleware(m *tacho.Meter, route func(*http.Request) string) func(http.Handler) http.Handler {
	e := engine.Of(m)
	return func(next http.Handler) http.Handler {
		engine.MustHandler("Middleware", next)
		return e.Routed(next, route)
	}
}

// A Watcher makes a framework's own response writer report to an exchange. Embed it beside
// the writer, and call it from the methods that write:
//
//	type writer struct {
//		framework.ResponseWriter
//		adapter.Watcher
//	}
//
//	func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
//
//	func (w *writer) Write(p []byte) (int, error) {
//		w.Writes(w.Status())
//		return w.Wrote(w.ResponseWriter.Write(p))
//	}
//
// With Unwrap it also lets handlers further inside find the exchange. A writer of plain
// net/http needs no Watcher: see [Exchange.Watch].
type Watcher struct{ x *engine.Exchange }

// Watch returns a Watcher for an exchange that EnterHTTP returned.
func Watch(x *Exchange) Watcher { return Watcher{x.engine()} }

// Reports reports whether the Watcher is for the exchange of a call: then the writer in
// which it is embedded must be taken back before Leave.
func (w Watcher) Reports(c *Call) bool { return w.x == c.Exchange().engine() }

// Exchange lets [Recorder.Current] and [Recorder.Enclosing] find the exchange.
func (w Watcher) Exchange() *engine.Exchange { return w.x }

// Writes reports, before the header or the body is written, the status that goes with it.
func (w Watcher) Writes(status int) { w.x.Writes(status) }

// Wrote reports the error of a write, and returns what it is given. The bytes are those of
// [Outcome].
func (w Watcher) Wrote(n int, err error) (int, error) {
	if err != nil {
		w.x.WriteFailed(err)
	}
	return n, err
}

// Flushed is [Exchange.Flushed].
func (w Watcher) Flushed(contentType string) { w.x.Flushed(contentType) }

// Hijacked reports that the handler took over the connection, if err is nil, and returns
// what it is given.
func (w Watcher) Hijacked(conn net.Conn, rw *bufio.ReadWriter, err error) (net.Conn, *bufio.ReadWriter, error) {
	if err == nil {
		w.x.Hijack()
	}
	return conn, rw, err
}

// A RequestCopy is a copy of a request for the handlers, whose body is counted as it is
// read. It has to be a copy: net/http's server looks at its own request's body when it
// writes the response's header, and does not recognize one that stands in for it. The
// field Request is the copy. Layers make such a copy themselves.
type RequestCopy reqcopy.Copy

// NeedsCopy reports whether a request has a body to count.
func NeedsCopy(r *http.Request) bool { return reqcopy.Needed(r) }

// CopyRequest copies a request, with another context ([Exchange.Link]) if ctx is not nil.
func CopyRequest(r *http.Request, ctx context.Context) *RequestCopy {
	return (*RequestCopy)(reqcopy.New(r, ctx))
}

// Return gives the original request what the handlers have set in the copy: fields, path
// values, forms, and a context that was replaced in place. They must have returned.
func (c *RequestCopy) Return() { (*reqcopy.Copy)(c).Return() }

// BytesRead returns how much of the body was read.
func (c *RequestCopy) BytesRead() int64 { return (*reqcopy.Copy)(c).BytesRead() }
