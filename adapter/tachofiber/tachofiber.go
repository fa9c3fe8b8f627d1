// Package tachofiber measures a Fiber v3 service with tacho.
//
//	app := fiber.New()
//	m := tachofiber.Use(app, tacho.Options{})
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
//	app.Post("/orders", tachofiber.Track(orders), placeOrder)
package tachofiber

import (
	"cmp"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/fiberapp"
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
	as := func(r fiber.Route) adapter.Route {
		return adapter.Route{Method: r.Method, Path: r.Path, Shadows: fiber.RoutePatternMatch(path, r.Path)}
	}
	list := func() []fiber.Route { return fiberapp.Listed(app.GetRoutes(true), as) }
	s := adapter.SetUpAnytime("tachofiber", opts, list, as)
	o, server := version.Around(app, s), app.Server()
	server.Handler, server.ErrorHandler = o.Handler(server.Handler), o.ErrorHandler(server.ErrorHandler)
	app.Use(o.Inside())
	app.Get(path, adaptor.HTTPHandler(s.Endpoint))
	return s.Meter
}

// Middleware returns a middleware that records into m, for apps and groups that are set up by hand.
// It may stand before or behind any other middleware, Recover included. If the handlers return an
// error, the request is recorded when the response has been sent: only then is its status known.
func Middleware(m *tacho.Meter) fiber.Handler { return version.Layer(adapter.Measure(m)) }

// Track records the requests of a route in these metrics, too. They all must belong to one Meter.
// Its Middleware need not be there: the metrics are recorded all the same.
func Track(metrics ...*tacho.Metric) fiber.Handler {
	return version.Layer(adapter.Track(metrics...))
}

// DoNotTrack excludes the requests of a route from the HTTP metrics. Metrics that Track has put on
// it are still recorded.
func DoNotTrack(m *tacho.Meter) fiber.Handler { return version.Layer(adapter.DoNotTrack(m)) }

// ExcludeAll excludes the requests of a route from everything, including metrics that Track has put
// on it, regardless of their order.
func ExcludeAll(m *tacho.Meter) fiber.Handler { return version.Layer(adapter.ExcludeAll(m)) }
