// Package tachoechov4 measures an Echo v4 service with tacho. For Echo v5, see tachoechov4.
//
//	e := echo.New()
//	m := tachoechov4.Use(e, tacho.Options{})
//
// That line adds the middleware and the /metrics endpoint, and counts every
// route from zero. The route label is Echo's own template (/users/:id); requests
// that Echo could not route are "unmatched", also where RouteNotFound answers.
//
// The recorded status is the status sent, whatever e.HTTPErrorHandler does with
// an error.
//
// Metrics of single routes stand before the handler:
//
//	orders := m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	e.POST("/orders", placeOrder, tachoechov4.Track(orders))
package tachoechov4

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Use measures every request of the Echo, and mounts the metrics endpoint at
// Options.Endpoint.Path for GET, HEAD and OPTIONS, for all hosts without a router
// of their own (e.Host). It panics when it is used wrongly: on options that
// tacho.New refuses, and when the endpoint's path is taken.
//
// Routes and middlewares may be registered before or after it, and
// e.HTTPErrorHandler may be set at any time before the first request. But call
// e.Pre after Use: middlewares that were added to e.Pre earlier stand outside of the
// measurement and handle errors first, so the status of an error is recorded as
// described at [Middleware].
func Use(e *echo.Echo, opts tacho.Options) *tacho.Meter {
	s := adapter.SetUpAnytime("tachoechov4", opts, func() []*echo.Route { return routes(e) }, func(r *echo.Route) adapter.Route {
		return adapter.Route{Method: r.Method, Path: r.Path, Handler: r.Name}
	})
	m := &middleware{layer: adapter.Measure(s.Meter), recorder: adapter.Of(s.Meter), serving: s.Serving}
	m.answers = outermost(e)
	e.Pre(m.measure)
	e.Use(m.nameRoute)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		e.Add(method, s.Meter.MetricsPath(), echo.WrapHandler(s.Endpoint))
	}
	return s.Meter
}

// outermost reports whether a middleware that is added to e.Pre now will be the outermost. Echo v4
// has no accessor for this. Without the field, errors would be treated as in Middleware.
func outermost(e *echo.Echo) bool {
	before := reflect.ValueOf(e).Elem().FieldByName("premiddleware")
	return before.Kind() == reflect.Slice && before.Len() == 0
}

// routes lists the routes of an Echo and of its hosts.
func routes(e *echo.Echo) (all []*echo.Route) {
	all = e.Routes()
	for _, host := range e.Routers() {
		all = append(all, host.Routes()...)
	}
	return slices.DeleteFunc(all, isFallback)
}

// isFallback reports whether a route is for requests that no other one matches.
func isFallback(r *echo.Route) bool { return r.Method == echo.RouteNotFound }

// Middleware returns a middleware that records into m, for Echos and groups that
// are set up by hand. It may stand before or behind any other middleware, Recover
// included.
//
// Echo calls e.HTTPErrorHandler after all middlewares have returned, so Middleware
// records the status that Echo's own handler sends for an error: that of an
// *echo.HTTPError, or 500. If your handler sends other statuses, call [Use], or
// serve m.Handler(e) instead of e: both record the status that was sent.
func Middleware(m *tacho.Meter) echo.MiddlewareFunc { return handler(adapter.Measure(m)) }

// Track records the requests of a route in these metrics, too. They all must
// belong to one Meter. Its Middleware need not be there: the metrics are recorded
// all the same.
func Track(metrics ...*tacho.Metric) echo.MiddlewareFunc { return handler(adapter.Track(metrics...)) }

// DoNotTrack excludes the requests of a route from the HTTP metrics. Metrics that Track has put on
// it are still recorded.
func DoNotTrack(m *tacho.Meter) echo.MiddlewareFunc { return handler(adapter.DoNotTrack(m)) }

// ExcludeAll excludes the requests of a route from everything, including metrics that Track has put
// on it, regardless of their order.
func ExcludeAll(m *tacho.Meter) echo.MiddlewareFunc { return handler(adapter.ExcludeAll(m)) }

func handler(l *adapter.Layer) echo.MiddlewareFunc { return (&middleware{layer: l}).measure }

// A middleware is a layer in Echo's chain.
//
// Errors are the difficult part. Echo passes an error to e.HTTPErrorHandler after the
// whole chain has returned, so a middleware does not know the status. If it calls the
// handler itself, it commits the response: middlewares around it can no longer answer
// instead, compress, or set a header, and Echo calls the handler a second time.
//
// The outermost middleware may call it. After that one, Echo does nothing but call the
// handler, and only if there is an error. So Use adds the measurement to e.Pre, calls
// the handler there and returns no error: everything happens in Echo's own order, and
// the exchange ends when the response is complete. The field of e is read at that
// moment, as Echo does, so it may be set after Use.
//
// In any other place, the error is returned, and the status is what Echo's own
// error handler sends.
type middleware struct {
	layer   *adapter.Layer
	answers bool // errors: nothing stands outside

	recorder  *adapter.Recorder // of Use
	serving   func()            // of Use, or nil
	fallbacks sync.Map          // by *echo.Router: its fallbacks
}

func (m *middleware) measure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		if m.serving != nil {
			m.serving()
		}
		response := c.Response()
		call, watched := m.layer.EnterHTTP(nil, response, c.Request(), c, m.route(c))
		if watched != nil {
			// Below Echo's own writer the status is the one that is sent, whatever
			// Response.Before has made of it. After the exchange, this one does nothing.
			response.Writer = watched.Watch(c.Request().Context(), response.Writer)
		}
		if call == nil {
			return next(c)
		}
		c.SetRequest(call.Request)
		defer m.leave(c, call, response, &err)
		if err = next(c); err != nil && m.answers {
			c.Echo().HTTPErrorHandler(err, c)
			err = nil
		}
		return err
	}
}

// leave ends a call, also when a handler panics.
func (m *middleware) leave(c echo.Context, call *adapter.Call, response *echo.Response, err *error) {
	o := adapter.Outcome{Route: cmp.Or(m.route(c), tacho.Unmatched), Panicked: recover()}
	switch {
	case response.Committed:
		o.Status, o.Sent = response.Status, true
	case *err != nil:
		o.Status = statusOf(*err)
	}
	c.SetRequest(call.Restore(c.Request()))
	call.Leave(o)
}

// statusOf is the status that Echo's own error handler sends.
func statusOf(err error) int {
	e, ok := err.(*echo.HTTPError)
	if !ok {
		return http.StatusInternalServerError
	}
	if inner, ok := e.Internal.(*echo.HTTPError); ok {
		return inner.Code
	}
	return e.Code
}

// nameRoute names the route before the handlers run if the exchange belongs to somebody
// else: behind http.TimeoutHandler it may be over when they return.
func (m *middleware) nameRoute(next echo.HandlerFunc) echo.HandlerFunc {
	if !m.recorder.Nested() { // Echo puts the chain together for each request
		return next
	}
	return func(c echo.Context) error {
		if x := m.recorder.Enclosing(c.Response(), c.Request().Context()); x != nil {
			x.SetRoute(cmp.Or(m.route(c), tacho.Unmatched))
		}
		return next(c)
	}
}

// route is the template that Echo has matched, "" if it has not matched any or not yet.
// For a path with other methods only, and for RouteNotFound, Context.Path returns a template
// as well.
func (m *middleware) route(c echo.Context) string {
	path := c.Path()
	if path == "" {
		return ""
	}
	router := c.Echo().Router()
	if host, ok := c.Echo().Routers()[c.Request().Host]; ok {
		router = host
	}
	known, ok := m.fallbacks.Load(router)
	if !ok {
		known, _ = m.fallbacks.LoadOrStore(router, fallbacksOf(router))
	}
	methods, fallback := known.(map[string][]string)[path]
	if fallback && !slices.Contains(methods, c.Request().Method) || c.Get(echo.ContextKeyHeaderAllow) != nil {
		return tacho.Unmatched
	}
	return path
}

// fallbacksOf returns the templates of RouteNotFound, with the methods for which the same
// template is a route.
func fallbacksOf(router *echo.Router) map[string][]string {
	all, routes := map[string][]string{}, router.Routes()
	for _, r := range routes {
		if isFallback(r) {
			all[r.Path] = nil
		}
	}
	for _, r := range routes {
		if methods, ok := all[r.Path]; ok && !isFallback(r) {
			all[r.Path] = append(methods, r.Method)
		}
	}
	return all
}
