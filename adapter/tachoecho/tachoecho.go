// Package tachoecho measures an Echo v5 service with tacho. For Echo v4, see tachoechov4.
//
//	e := echo.New()
//	m := tachoecho.Use(e, tacho.Options{})
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
//	e.POST("/orders", placeOrder, tachoecho.Track(orders))
package tachoecho

import (
	"cmp"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v5"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Use measures every request of the Echo, and mounts the metrics endpoint at
// Options.Endpoint.Path for GET, HEAD and OPTIONS. It panics when it is used
// wrongly: on options that tacho.New refuses, and when the endpoint's path is
// taken.
//
// Routes and middlewares may be registered before or after it, and
// e.HTTPErrorHandler may be set at any time before the first request. But call
// e.Pre after Use: middlewares that were added to e.Pre earlier stand outside of the
// measurement and handle errors first, so the status of an error is recorded as
// described at [Middleware].
func Use(e *echo.Echo, opts tacho.Options) *tacho.Meter {
	s := adapter.SetUpAnytime("tachoecho", opts, func() []adapter.Route { return routes(e) }, func(r adapter.Route) adapter.Route { return r })
	m := &middleware{layer: adapter.Measure(s.Meter), recorder: adapter.Of(s.Meter), serving: s.Serving}
	m.answers = len(e.PreMiddlewares()) == 0
	e.Pre(m.measure)
	e.Use(m.nameRoute)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		e.Add(method, s.Meter.MetricsPath(), echo.WrapHandler(s.Endpoint))
	}
	return s.Meter
}

// routes lists the routes of an Echo, by the methods that they serve.
func routes(e *echo.Echo) (all []adapter.Route) {
	any := []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace,
	}
	for _, r := range e.Router().Routes() {
		methods := []string{r.Method}
		switch r.Method {
		case echo.RouteNotFound:
			continue
		case echo.RouteAny:
			methods = any
		}
		for _, method := range methods {
			all = append(all, adapter.Route{Method: method, Path: template(r)})
		}
	}
	return all
}

// template is the template of a route as Context.Path returns it.
func template(r echo.RouteInfo) string { return "/" + strings.TrimPrefix(r.Path, "/") }

// Middleware returns a middleware that records into m, for Echos and groups that
// are set up by hand. It may stand before or behind any other middleware, Recover
// included.
//
// Echo calls e.HTTPErrorHandler after all middlewares have returned, so Middleware
// records the status that Echo's own handler sends for an error: that of its
// echo.HTTPStatusCoder, or 500. If your handler sends other statuses, call [Use], or
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
	fallbacks sync.Map          // by *echo.Echo: the templates of RouteNotFound
}

func (m *middleware) measure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) (err error) {
		if m.serving != nil {
			m.serving()
		}
		response, _ := echo.UnwrapResponse(c.Response())
		call, watched := m.layer.EnterHTTP(nil, c.Response(), c.Request(), c, m.route(c))
		if watched != nil {
			watch(c, response, watched)
		}
		if call == nil {
			return next(c)
		}
		c.SetRequest(call.Request)
		defer m.leave(c, call, response, &err)
		if err = next(c); err != nil && m.answers {
			c.Echo().HTTPErrorHandler(c, err)
			err = nil
		}
		return err
	}
}

// watch puts a writer that reports to x below Echo's own, where the status is the one
// that is sent, whatever Response.Before has made of it. It is no longer in use after
// the exchange, and stays.
func watch(c *echo.Context, response *echo.Response, x *adapter.Exchange) {
	ctx := c.Request().Context()
	if response == nil { // a middleware has hidden it
		c.SetResponse(x.Watch(ctx, c.Response()))
		return
	}
	response.ResponseWriter = x.Watch(ctx, response.ResponseWriter)
}

// leave ends a call, also when a handler panics.
func (m *middleware) leave(c *echo.Context, call *adapter.Call, response *echo.Response, err *error) {
	o := adapter.Outcome{Route: cmp.Or(m.route(c), tacho.Unmatched), Panicked: recover()}
	switch {
	case response != nil && response.Committed:
		o.Status, o.Sent = response.Status, true
	case *err != nil:
		o.Status = cmp.Or(echo.StatusCode(*err), http.StatusInternalServerError)
	}
	c.SetRequest(call.Restore(c.Request()))
	call.Leave(o)
}

// nameRoute names the route before the handlers run if the exchange belongs to somebody
// else: behind http.TimeoutHandler it may be over when they return.
func (m *middleware) nameRoute(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		if m.recorder.Nested() {
			if x := m.recorder.Enclosing(c.Response(), c.Request().Context()); x != nil {
				x.SetRoute(cmp.Or(m.route(c), tacho.Unmatched))
			}
		}
		return next(c)
	}
}

// route is the template that Echo has matched, "" if it has not matched any or not yet.
// For a path with other methods only, and for RouteNotFound, Context.Path returns a template
// as well. Context.RouteInfo tells them apart, but copies the names of the parameters.
func (m *middleware) route(c *echo.Context) string {
	path := c.Path()
	if path == "" {
		return ""
	}
	known, ok := m.fallbacks.Load(c.Echo())
	if !ok {
		known, _ = m.fallbacks.LoadOrStore(c.Echo(), fallbacksOf(c.Echo()))
	}
	fallback := known.(map[string]bool)[path] && c.RouteInfo().Method == echo.RouteNotFound
	if fallback || c.Get(echo.ContextKeyHeaderAllow) != nil {
		return tacho.Unmatched
	}
	return path
}

// fallbacksOf returns the templates of RouteNotFound. A Context made by a test may have no Echo.
func fallbacksOf(e *echo.Echo) map[string]bool {
	all := map[string]bool{}
	if e == nil {
		return all
	}
	for _, r := range e.Router().Routes() {
		if r.Method == echo.RouteNotFound {
			all[template(r)] = true
		}
	}
	return all
}
