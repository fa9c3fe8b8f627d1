// Package tachofiberv2 measures a Fiber v2 service with tacho.
//
//	app := fiber.New()
//	m := tachofiberv2.Use(app, tacho.Options{})
//
// That line measures every request and mounts the /metrics endpoint, and counts every route of the
// app from zero. The route label is Fiber's own template (/users/:id) with the prefixes of groups
// and mounted apps; requests that Fiber could not route are "unmatched". The status is the
// status sent, whatever error handlers do with an error.
//
// With Fiber's prefork, each child's endpoint shows the total of all children; there is nothing to
// configure.
//
// Metrics of single routes stand before the handler:
//
//	orders := m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	app.Post("/orders", tachofiberv2.Track(orders), placeOrder)
package tachofiberv2

import (
	"cmp"
	"errors"
	"net"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Use measures all requests of the app, and mounts the metrics endpoint at Options.Endpoint.Path
// for GET. It measures around the app, in app.Server().Handler: so it sees what error handlers send,
// requests whose method Fiber does not know, and routes that are registered before it as well as
// later. Like Fiber's own methods, it panics on misuse: on options that tacho.New refuses, and if
// the endpoint's path is taken.
//
// Call it before the app listens. Use it on the app that listens; on a mounted one it measures the
// requests of that one only.
func Use(app *fiber.App, opts tacho.Options) *tacho.Meter {
	path := cmp.Or(opts.Endpoint.Path, "/metrics")
	s := adapter.SetUpAnytime("tachofiberv2", opts, func() []fiber.Route { return listed(app) }, func(r fiber.Route) adapter.Route {
		return adapter.Route{Method: r.Method, Path: r.Path, Shadows: fiber.RoutePatternMatch(path, r.Path)}
	})
	o, server := &outside{Setup: s, layer: adapter.Measure(s.Meter), app: app}, app.Server()
	next, refuse := server.Handler, server.ErrorHandler
	server.Handler = func(raw *fasthttp.RequestCtx) { o.serve(raw, next) }
	server.ErrorHandler = func(raw *fasthttp.RequestCtx, err error) { o.refuse(raw, err, refuse) }
	app.Use(handler(o.layer, &o.finder))
	app.Get(path, adaptor.HTTPHandler(s.Endpoint))
	return s.Meter
}

// Middleware returns a middleware that records into m, for apps and groups that are set up by hand.
// It may stand before or behind any other middleware, Recover included. If the handlers return an
// error, the request is recorded when the response has been sent: only then is its status known.
func Middleware(m *tacho.Meter) fiber.Handler { return handler(adapter.Measure(m), new(finder)) }

// Track records the requests of a route in these metrics, too. They all must belong to one Meter.
// Its Middleware need not be there: the metrics are recorded all the same.
func Track(metrics ...*tacho.Metric) fiber.Handler {
	return handler(adapter.Track(metrics...), new(finder))
}

// DoNotTrack excludes the requests of a route from the HTTP metrics. Metrics that Track has put on
// it are still recorded.
func DoNotTrack(m *tacho.Meter) fiber.Handler { return handler(adapter.DoNotTrack(m), new(finder)) }

// ExcludeAll excludes the requests of a route from everything, including metrics that Track has put
// on it, regardless of their order.
func ExcludeAll(m *tacho.Meter) fiber.Handler { return handler(adapter.ExcludeAll(m), new(finder)) }

// outside measures around an app.
type outside struct {
	*adapter.Setup
	layer  *adapter.Layer
	finder finder
	app    *fiber.App
}

// serve measures a request that fasthttp hands to Fiber.
func (o *outside) serve(raw *fasthttp.RequestCtx, next fasthttp.RequestHandler) {
	o.Serving()
	r, first := requestOf(raw)
	call := r.Enter(o.layer, r)
	defer o.leave(r, call, first)
	next(raw)
}

// refuse measures a request that fasthttp refuses: it is too large, or not HTTP. A connection that
// fails before its next request has none.
func (o *outside) refuse(raw *fasthttp.RequestCtx, err error, next func(*fasthttp.RequestCtx, error)) {
	r, first := requestOf(raw)
	if r.unread = raw.Request.Header.Len() == 0; r.unread {
		_, r.lost = errors.AsType[net.Error](err)
		r.Method, r.Path = "", "" // fasthttp has defaults
	}
	o.serve(raw, func(raw *fasthttp.RequestCtx) { next(raw, err) })
	r.release(first)
}

// leave ends what serve began. Error handlers and recovery are further inside, so that the response
// is what will be sent.
func (o *outside) leave(r *request, call *adapter.Call, first bool) {
	v := recover()
	r.ctx = nil // Fiber uses it for another request
	switch {
	case call == nil:
	case r.lost:
		call.Exchange().ExcludeAll()
	case !r.noted && !r.unread:
		r.SetRoute(o.finder.find(o.app, r.raw))
	}
	r.leave(call, first, v)
}

// handler is a layer as Fiber's handler.
func handler(l *adapter.Layer, f *finder) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		r, first := requestOf(c.Context())
		r.ctx = c
		call := r.Enter(l, r)
		passed := false
		defer r.leaveHandler(c, call, first, f, &passed, &err)
		err = c.Next()
		passed = true
		return err
	}
}

// leaveHandler ends a call in Fiber's chain. If no server's handler measures around it, an error has
// yet to become a response.
func (r *request) leaveHandler(c *fiber.Ctx, call *adapter.Call, first bool, f *finder, passed *bool, err *error) {
	if r.note(c, f); !*passed {
		r.Panicked = true
	}
	switch {
	case !*passed && (call != nil || first):
		r.leave(call, first, recover())
	case !*passed:
	case call == nil || *err == nil:
		r.leave(call, first, nil)
	default:
		w := r.Await(call, r)
		if r.release(first); w != nil && r.raw.ConnRequestNum() == 0 { // behind an adaptor of net/http, which closes nothing
			if *err = c.App().ErrorHandler(c, *err); *err != nil { // as Fiber does
				*err = c.SendStatus(fiber.StatusInternalServerError)
			}
			w.Close()
		}
	}
}
