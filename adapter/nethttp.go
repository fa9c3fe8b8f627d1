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

// Middleware measures a net/http router that reports its routes in its own way, such as chi or
// gorilla/mux; no other adapter is needed. Wrap the router with the result or add it to the
// router's chain (Router.Use).
//
// route returns the template of a request's route, [tacho.Unmatched] if the router found none, or
// "" if it is not known (yet). If it is "", Request.Pattern is used, then Options.RouteFunc, and
// finally [tacho.Unknown]. route gets the request that the middleware passes on. It is called after
// the handlers, and also before them if the request already belongs to another exchange. It must be
// fast and safe for concurrent use; a panic in it counts as "".
func Middleware(m *tacho.Meter, route func(*http.Request) string) func(http.Handler) http.Handler {
	e := engine.Of(m)
	return func(next http.Handler) http.Handler {
		engine.MustHandler("Middleware", next)
		return e.Routed(next, route)
	}
}

// A Watcher makes a framework's own response writer report to an exchange. Embed it next to the
// writer, and call it from the methods that write:
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
// With Unwrap, inner handlers can also find the exchange. A plain net/http writer needs no Watcher:
// see [Exchange.Watch].
type Watcher struct{ x *engine.Exchange }

// Watch returns a Watcher for an exchange that EnterHTTP returned.
func Watch(x *Exchange) Watcher { return Watcher{x.engine()} }

// Reports reports whether the Watcher belongs to the exchange of a call. If so, restore the
// framework's original writer before Leave.
func (w Watcher) Reports(c *Call) bool { return w.x == c.Exchange().engine() }

// Exchange lets [Recorder.Current] and [Recorder.Enclosing] find the exchange.
func (w Watcher) Exchange() *engine.Exchange { return w.x }

// Writes reports the status before the header or the body is written.
func (w Watcher) Writes(status int) { w.x.Writes(status) }

// Wrote reports the error of a write, and returns its arguments. The bytes are taken from
// [Outcome].
func (w Watcher) Wrote(n int, err error) (int, error) {
	if err != nil {
		w.x.WriteFailed(err)
	}
	return n, err
}

// Flushed is [Exchange.Flushed].
func (w Watcher) Flushed(contentType string) { w.x.Flushed(contentType) }

// Hijacked reports that the handler took over the connection, if err is nil, and returns its
// arguments.
func (w Watcher) Hijacked(conn net.Conn, rw *bufio.ReadWriter, err error) (net.Conn, *bufio.ReadWriter, error) {
	if err == nil {
		w.x.Hijack()
	}
	return conn, rw, err
}

// A RequestCopy is a copy of a request for the handlers that counts the bytes read from its body.
// It must be a copy: when net/http's server writes the header, it examines its own request's body
// and does not recognize a replacement. The field Request is the copy. Layers make such a copy
// themselves.
type RequestCopy reqcopy.Copy

// NeedsCopy reports whether a request has a body to count.
func NeedsCopy(r *http.Request) bool { return reqcopy.Needed(r) }

// CopyRequest copies a request, with another context ([Exchange.Link]) if ctx is not nil.
func CopyRequest(r *http.Request, ctx context.Context) *RequestCopy {
	return (*RequestCopy)(reqcopy.New(r, ctx))
}

// Return transfers what the handlers have set in the copy to the original request: fields, path
// values, forms, and a context that was replaced in place. Call it after they have returned.
func (c *RequestCopy) Return() { (*reqcopy.Copy)(c).Return() }

// BytesRead returns the number of bytes read from the body.
func (c *RequestCopy) BytesRead() int64 { return (*reqcopy.Copy)(c).BytesRead() }
