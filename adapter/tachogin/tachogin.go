// Package tachogin measures a Gin service with tacho.
//
//	r := gin.Default()
//	m := tachogin.Use(r, tacho.Options{})
//
// That line adds the middleware and the /metrics endpoint, and counts every
// route of the engine from zero. The route label is Gin's own template
// (/users/:id); requests that Gin could not route are "unmatched".
//
// Gin answers the redirects of RedirectTrailingSlash and RedirectFixedPath
// before any middleware runs, so no middleware can see them. To count these
// too, serve m.Handler(r) instead of r: a request is still counted once.
//
// Metrics of single routes stand before the handler:
//
//	orders := m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	r.POST("/orders", tachogin.Track(orders), placeOrder)
package tachogin

import (
	"bufio"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Use measures every route of the engine that is registered later, and mounts the
// metrics endpoint at Options.Endpoint.Path for GET; HEAD and OPTIONS are answered
// there as well unless the engine has routes for them. Like gin.Engine's own
// methods it panics when it is used wrongly: on options that tacho.New refuses,
// and when the endpoint's path is taken.
//
// Use it before the routes are registered: Gin runs a middleware only for the
// routes that come after it. Routes that are there already are not measured; the
// log lists them.
func Use(r *gin.Engine, opts tacho.Options) *tacho.Meter {
	s := adapter.SetUp("tachogin", opts, r.Routes, func(i gin.RouteInfo) adapter.Route {
		return adapter.Route{Method: i.Method, Path: i.Path, Handler: i.Handler}
	})
	measure := Middleware(s.Meter)
	r.Use(func(c *gin.Context) {
		if s.Serving(); c.FullPath() != "" || !s.Answers(c.Request) {
			measure(c)
			return
		}
		// HEAD and OPTIONS have no route: that would be in the way of the service's
		// own, such as r.OPTIONS("/*any", cors).
		c.Abort()
		c.Status(http.StatusOK)
		c.Writer.Header().Del("Allow") // Gin's, with HandleMethodNotAllowed
		s.Endpoint.ServeHTTP(c.Writer, c.Request)
		c.Writer.WriteHeaderNow()
	})
	r.GET(s.Meter.MetricsPath(), gin.WrapH(s.Endpoint))
	return s.Meter
}

// Middleware returns a middleware that records into m, for engines and groups
// that are set up by hand. It may stand before or behind any other middleware,
// Recovery included.
func Middleware(m *tacho.Meter) gin.HandlerFunc { return handler(adapter.Measure(m)) }

// Track records the requests of a route in these metrics, too. They all must
// belong to one Meter. Its Middleware need not be there: the metrics are recorded
// all the same.
func Track(metrics ...*tacho.Metric) gin.HandlerFunc { return handler(adapter.Track(metrics...)) }

// DoNotTrack excludes the requests of a route from the HTTP metrics. Metrics that Track has put on
// it are still recorded.
func DoNotTrack(m *tacho.Meter) gin.HandlerFunc { return handler(adapter.DoNotTrack(m)) }

// ExcludeAll excludes the requests of a route from everything, including metrics that Track has put
// on it, regardless of their order.
func ExcludeAll(m *tacho.Meter) gin.HandlerFunc { return handler(adapter.ExcludeAll(m)) }

// handler is a layer as Gin's handler. In a copy of the function that it returns, which
// inlining would make, the compiler inlines nothing.
//
//go:noinline
func handler(l *adapter.Layer) gin.HandlerFunc {
	return func(c *gin.Context) {
		gins := c.Writer
		call, watched := l.EnterHTTP(stackOf(c), gins, c.Request, c, route(c))
		if watched != nil {
			w := adapter.Local[writer](call)
			w.ResponseWriter, w.Watcher = gins, adapter.Watch(watched)
			c.Writer = w
		}
		if call != nil {
			c.Request = call.Request
			defer leave(c, gins, call)
			c.Next()
		}
	}
}

// leave ends a call, also when a handler panics.
func leave(c *gin.Context, gins gin.ResponseWriter, call *adapter.Call) {
	sent, size := gins.Written(), int64(-1)
	if sent || c.FullPath() != "" { // else Gin writes a body of its own when we are done
		size = int64(max(gins.Size(), 0))
	}
	ours, _ := c.Writer.(*writer)
	if ours != nil && ours.Reports(call) {
		c.Writer = ours.ResponseWriter
	}
	c.Request = call.Restore(c.Request)
	call.Leave(adapter.Outcome{
		Route: route(c), Status: gins.Status(), Sent: sent, BytesOut: size, Panicked: recover(),
		Kept: call.Local != nil && call.Local != ours, // by a middleware
	})
}

// route is the template that Gin has matched, or the last one where a handler has
// dispatched the request again.
func route(c *gin.Context) string {
	if path := c.FullPath(); path != "" {
		return path
	}
	return tacho.Unmatched
}

// stackOf returns the stack of a Context.
//
// Engine.HandleContext, which dispatches a request again, resets everything in
// a Context that could lead there: the writer, the keys, the route. It keeps the
// memory of Errors, as Gin itself does from one request to the next. So the stack
// stands there, behind the errors that a request may have, and costs a request
// neither an allocation nor a lock.
func stackOf(c *gin.Context) *adapter.Stack {
	const errorsRoom = 32 // before append gives the errors other memory; the stack is in the last place
	if n := cap(c.Errors); n >= errorsRoom && c.Errors[:n][n-1] != nil {
		if s, ok := c.Errors[:n][n-1].Meta.(*adapter.Stack); ok {
			return s
		}
	}
	room := new(struct { // all at once: a pool may forget Contexts
		stack  adapter.Stack
		mark   gin.Error
		errors [errorsRoom]*gin.Error
	})
	room.mark.Meta, room.errors[errorsRoom-1] = &room.stack, &room.mark
	c.Errors = append(room.errors[:0], c.Errors...)
	return &room.stack
}

// A writer watches Gin's writer for an exchange. Like Gin's own writer, it is reused: neither may be
// kept after the request.
type writer struct {
	gin.ResponseWriter
	adapter.Watcher
}

// Unwrap lets http.ResponseController reach the writer underneath.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) Write(p []byte) (int, error) {
	w.Writes(w.Status())
	return w.Wrote(w.ResponseWriter.Write(p))
}

func (w *writer) WriteString(s string) (int, error) {
	w.Writes(w.Status())
	return w.Wrote(w.ResponseWriter.WriteString(s))
}

func (w *writer) WriteHeaderNow() {
	w.Writes(w.Status())
	w.ResponseWriter.WriteHeaderNow()
}

func (w *writer) Flush() {
	w.Writes(w.Status())
	w.ResponseWriter.Flush()
	w.Flushed(w.Header().Get("Content-Type"))
}

func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.Hijacked(w.ResponseWriter.Hijack())
}
