// Package tachohertz measures a Hertz service with tacho.
//
//	h := server.Default()
//	m := tachohertz.Use(h, tacho.Options{})
//
// That line adds the middleware and the /metrics endpoint, and counts every route of the engine
// from zero. The route label is Hertz's own template (/users/:id); requests that Hertz could not
// route are "unmatched". The status is the status sent, whatever middleware and
// Engine.PanicHandler do with an error.
//
// Hertz sends redirects of trailing slashes, and refuses requests that are too large or not HTTP,
// before any middleware runs. Only tracers see these. To count them too, make the engine with
// [Refused]:
//
//	h := server.Default(tachohertz.Refused())
//
// Metrics of single routes stand before the handler:
//
//	orders := m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	h.POST("/orders", tachohertz.Track(orders), placeOrder)
package tachohertz

import (
	"context"
	"net/http"
	"slices"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/adaptor"
	"github.com/cloudwego/hertz/pkg/route"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Use measures every route of the engine that is registered later, and mounts the metrics endpoint
// at Options.Endpoint.Path for GET; HEAD and OPTIONS are answered there as well unless the engine
// has routes for them. Like Hertz's own methods, it panics on misuse: on options that tacho.New
// refuses, and if the endpoint's path is taken.
//
// It measures around all middleware of the engine, also around that of server.Default, which is
// there already: what that answers in the end is recorded. Call it before the routes and groups are
// registered: Hertz runs a middleware only for those that come after it. Routes that are there
// already are not measured; the log lists them.
func Use(h *server.Hertz, opts tacho.Options) *tacho.Meter {
	s := adapter.SetUp("tachohertz", opts, h.Routes, func(i route.RouteInfo) adapter.Route {
		return adapter.Route{Method: i.Method, Path: i.Path, Handler: i.Handler}
	})
	o := &outside{s, adapter.Measure(s.Meter), h.Engine, adaptor.HertzHandler(s.Endpoint)}
	h.Handlers = slices.Concat(app.HandlersChain{o.serve}, h.Handlers)
	h.Use(handler(o.layer)) // sees panics before a recovery outside does
	if h.IsTraceEnable() {
		h.GetTracer().Append(refusals{o})
	}
	h.GET(s.Meter.MetricsPath(), o.endpoint)
	return s.Meter
}

// Middleware returns a middleware that records into m, for engines and groups that are set up by
// hand. It may stand before or behind any other middleware, Recovery included. The status is that
// of the response when the middleware returns: let it stand outside of middleware that answers for
// others, such as one that makes responses of errors.
func Middleware(m *tacho.Meter) app.HandlerFunc { return handler(adapter.Measure(m)) }

// Track records the requests of a route in these metrics, too. They all must belong to one Meter.
// Its Middleware need not be there: the metrics are recorded all the same.
func Track(metrics ...*tacho.Metric) app.HandlerFunc { return handler(adapter.Track(metrics...)) }

// DoNotTrack excludes the requests of a route from the HTTP metrics. Metrics that Track has put on
// it are still recorded.
func DoNotTrack(m *tacho.Meter) app.HandlerFunc { return handler(adapter.DoNotTrack(m)) }

// ExcludeAll excludes the requests of a route from everything, including metrics that Track has put
// on it, regardless of their order.
func ExcludeAll(m *tacho.Meter) app.HandlerFunc { return handler(adapter.ExcludeAll(m)) }

// handler is a layer as Hertz's handler.
func handler(l *adapter.Layer) app.HandlerFunc {
	return func(ctx context.Context, c *app.RequestContext) {
		r := requestOf(c)
		call := r.enter(ctx, l)
		if call != nil {
			ctx = call.Context
		}
		passed := false
		defer r.leave(call, &passed)
		c.Next(ctx)
		passed = true
	}
}

// outside measures around the chain of an engine.
type outside struct {
	*adapter.Setup
	layer    *adapter.Layer
	engine   *route.Engine
	endpoint app.HandlerFunc
}

func (o *outside) serve(ctx context.Context, c *app.RequestContext) {
	o.Serving()
	r := requestOf(c)
	r.reached = true
	call := r.enter(ctx, o.layer)
	if call != nil {
		ctx = call.Context
	}
	passed := false
	defer r.leave(call, &passed)
	if o.engine.PanicHandler != nil {
		defer o.answerPanic(r)
	}
	if c.FullPath() == "" && o.AnswersFor(string(c.Method()), string(c.Path())) {
		// HEAD and OPTIONS have no route: that would be in the way of the service's own, such as
		// h.OPTIONS("/*any", cors).
		c.Abort()
		c.SetStatusCode(http.StatusOK) // Hertz's is 404 or 405
		o.endpoint(ctx, c)
	} else {
		c.Next(ctx)
	}
	passed = true
}

// answerPanic does what the engine would do next. We then see what it answers.
func (o *outside) answerPanic(r *request) {
	if recover() != nil {
		r.Panicked = true
		o.engine.PanicHandler(context.Background(), r.c)
	}
}
