// Package tachofasthttp measures a fasthttp service, with or without fasthttp/router, with tacho.
//
//	r := router.New()
//	s := &fasthttp.Server{Handler: r.Handler}
//	m := tachofasthttp.Use(s, r, tacho.Options{})
//
// That line measures every request that the server gets, mounts the /metrics endpoint on the router,
// and counts every route of the router from zero. The route label is the router's own template
// (/users/{id}); requests that it could not route are "unmatched".
//
// A router has no place for a middleware, so that Use takes the server, too. Without a router, or to
// measure a part of a service, wrap a handler:
//
//	m := tacho.MustNew(tacho.Options{})
//	measure := tachofasthttp.Middleware(m, tachofasthttp.Routes(r)) // or a function of your own
//	fasthttp.ListenAndServe(":8080", measure(r.Handler))
//
// Metrics of single routes are wrapped around the handler:
//
//	orders := m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	r.POST("/orders", tachofasthttp.Track(orders)(placeOrder))
package tachofasthttp

import (
	"cmp"
	"errors"
	"net"
	"sync"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Use measures all requests of the server, and mounts the metrics endpoint on the router, at
// Options.Endpoint.Path for GET; HEAD and OPTIONS are answered there as well unless the router has
// routes for them. It panics on misuse: on options that tacho.New refuses, and if the endpoint's
// path is taken.
//
// It replaces s.Handler (r.Handler if it is nil) and s.ErrorHandler by functions that call them. So
// it sees what the router's PanicHandler and NotFound send, redirects, requests that fasthttp
// refuses, and routes that are registered before it as well as later. Call it when both fields have
// their final values, and before the server listens.
func Use(s *fasthttp.Server, r *router.Router, opts tacho.Options) *tacho.Meter {
	set := adapter.SetUpAnytime("tachofasthttp", opts, func() []adapter.Route { return listed(r) }, func(r adapter.Route) adapter.Route { return r })
	next, refuse := s.Handler, s.ErrorHandler
	if next == nil {
		next = r.Handler
	}
	if refuse == nil {
		refuse = refuseAsFastHTTP
	}
	o := &outside{Setup: set, layer: adapter.Measure(set.Meter), finder: finderOf(r), endpoint: fasthttpadaptor.NewFastHTTPHandler(set.Endpoint)}
	s.Handler = func(ctx *fasthttp.RequestCtx) { o.serve(ctx, next) }
	s.ErrorHandler = func(ctx *fasthttp.RequestCtx, err error) { o.refuse(ctx, err, refuse) }
	r.GET(set.Meter.MetricsPath(), o.endpoint)
	return set.Meter
}

// A RouteFunc returns the template of a request's route, tacho.Unmatched if it has none, or "" if
// that is not known. It is called before the handler. See [Routes].
type RouteFunc func(*fasthttp.RequestCtx) string

// Middleware returns a middleware that records into m, for servers that are set up by hand, and for
// handlers without a router. It may stand before or behind any other middleware. With a nil route,
// the route is that of an outer Middleware, or the one that a router with SaveMatchedRoutePath saves,
// else "unknown". The response is final when it returns; only a panic that is answered
// further outside, and a TimeoutHandler further outside, are not seen.
func Middleware(m *tacho.Meter, route RouteFunc) func(fasthttp.RequestHandler) fasthttp.RequestHandler {
	return layered(adapter.Measure(m), route)
}

// Routes returns the RouteFunc of a router. It knows the routes that are there at the first request.
func Routes(r *router.Router) RouteFunc { return finderOf(r).find }

// Track records the requests of a route in these metrics, too. They all must belong to one Meter.
// Its Middleware need not be there: the metrics are recorded all the same, and their route is known
// if the router has SaveMatchedRoutePath.
func Track(metrics ...*tacho.Metric) func(fasthttp.RequestHandler) fasthttp.RequestHandler {
	return layered(adapter.Track(metrics...), nil)
}

// DoNotTrack excludes the requests of a route from the HTTP metrics. Metrics that Track has put on
// it are still recorded.
func DoNotTrack(m *tacho.Meter) func(fasthttp.RequestHandler) fasthttp.RequestHandler {
	return layered(adapter.DoNotTrack(m), nil)
}

// ExcludeAll excludes the requests of a route from everything, including metrics that Track has put
// on it, regardless of their order.
func ExcludeAll(m *tacho.Meter) func(fasthttp.RequestHandler) fasthttp.RequestHandler {
	return layered(adapter.ExcludeAll(m), nil)
}

// layered is a layer as a middleware. If route is nil, an outer layer finds the route, or the router
// saves it.
func layered(l *adapter.Layer, route RouteFunc) func(fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(next fasthttp.RequestHandler) fasthttp.RequestHandler {
		return func(ctx *fasthttp.RequestCtx) {
			r, first := requestOf(ctx)
			if route != nil {
				r.SetRoute(cmp.Or(route(ctx), tacho.Unknown))
			}
			r.serve(l, first, next)
		}
	}
}

// outside measures around a server's handler.
type outside struct {
	*adapter.Setup
	*finder
	layer    *adapter.Layer
	endpoint fasthttp.RequestHandler
	once     sync.Once
}

// begin is called for the first request. The router's fields are final then.
func (o *outside) begin() {
	o.Serving()
	if answer := o.router.PanicHandler; answer != nil {
		o.router.PanicHandler = func(ctx *fasthttp.RequestCtx, v any) {
			if r := requests.Serving(ctx); r != nil {
				r.Panicked = true
			}
			answer(ctx, v)
		}
	}
}

// serve measures a request that fasthttp hands to its handler.
func (o *outside) serve(ctx *fasthttp.RequestCtx, next fasthttp.RequestHandler) {
	o.once.Do(o.begin)
	r, first := requestOf(ctx)
	if r.SetRoute(tacho.Unmatched); !r.Unread {
		r.SetRoute(o.find(ctx))
	}
	if r.Route() == tacho.Unmatched && o.AnswersFor(r.Method, r.Path) {
		next = o.endpoint
	}
	r.serve(o.layer, first, next)
}

// refuse measures a request that fasthttp refuses.
func (o *outside) refuse(ctx *fasthttp.RequestCtx, err error, next func(*fasthttp.RequestCtx, error)) {
	r, first := requestOf(ctx)
	r.Refused(err)
	o.serve(ctx, func(ctx *fasthttp.RequestCtx) { next(ctx, err) })
	if first {
		requests.Release(r)
	}
}

// refuseAsFastHTTP is what fasthttp does without an ErrorHandler.
func refuseAsFastHTTP(ctx *fasthttp.RequestCtx, err error) {
	var timeout *net.OpError
	switch _, large := err.(*fasthttp.ErrSmallBuffer); {
	case large:
		ctx.Error("Too big request header", fasthttp.StatusRequestHeaderFieldsTooLarge)
	case errors.As(err, &timeout) && timeout.Timeout():
		ctx.Error("Request timeout", fasthttp.StatusRequestTimeout)
	default:
		ctx.Error("Error when parsing request", fasthttp.StatusBadRequest)
	}
}
