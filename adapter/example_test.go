package adapter_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// The adapter: four functions for the framework's users, and one that turns a layer into
// the framework's middleware. It passes the suite in adaptertest.

func Measure(m *tacho.Meter) Middleware         { return middleware(adapter.Measure(m)) }
func Track(metrics ...*tacho.Metric) Middleware { return middleware(adapter.Track(metrics...)) }
func DoNotTrack(m *tacho.Meter) Middleware      { return middleware(adapter.DoNotTrack(m)) }
func ExcludeAll(m *tacho.Meter) Middleware      { return middleware(adapter.ExcludeAll(m)) }
func middleware(layer *adapter.Layer) Middleware {
	return func(next Handler) Handler {
		return func(c *Context) error {
			call, watched := layer.EnterHTTP(stackOf(c), c.ResponseWriter, c.Request, nil, route(c))
			if watched != nil {
				c.ResponseWriter = watched.Watch(c.Request.Context(), c.ResponseWriter)
			}
			if call == nil {
				return next(c)
			}
			c.Request = call.Request
			defer leave(c, call)
			if err := next(c); err != nil {
				c.engine.OnError(c, err) // now and not later: it decides on the status
			}
			return nil
		}
	}
}

// leave ends a call, also if a handler panics.
func leave(c *Context, call *adapter.Call) {
	o := adapter.Outcome{Route: route(c), Panicked: recover()}
	c.Request, c.ResponseWriter = call.Restore(c.Request), call.Writer
	call.Leave(o)
}

// route is the template that the router has matched.
func route(c *Context) string {
	if _, template, matched := strings.Cut(c.Request.Pattern, " "); matched {
		return template
	}
	return tacho.Unmatched
}

// stackOf keeps the stack among the values of a Context.
func stackOf(c *Context) *adapter.Stack {
	s, ok := c.Values["tacho"].(*adapter.Stack)
	if !ok {
		s = new(adapter.Stack)
		c.Values["tacho"] = s
	}
	return s
}

// The framework: handlers return errors, and an error handler answers when all
// middlewares have returned.

type (
	Handler    func(*Context) error
	Middleware func(Handler) Handler

	// A Context is one request. Middlewares may replace its request and its writer.
	Context struct {
		http.ResponseWriter
		Request *http.Request
		Values  map[string]any
		engine  *Engine
		err     error
	}

	// An Engine is a service.
	Engine struct {
		OnError func(*Context, error)
		mux     *http.ServeMux
		chain   Handler
	}
)

// NewEngine returns a service without routes.
func NewEngine() *Engine {
	e := &Engine{mux: http.NewServeMux()}
	e.OnError = func(c *Context, err error) { http.Error(c, err.Error(), http.StatusBadGateway) }
	e.chain = func(c *Context) error {
		e.mux.ServeHTTP(c, c.Request)
		return c.err
	}
	return e
}

// Use puts a middleware around all routes.
func (e *Engine) Use(m Middleware) { e.chain = m(e.chain) }

// Handle registers a route, with middlewares of its own, outermost first.
func (e *Engine) Handle(pattern string, h Handler, own ...Middleware) {
	for i := len(own) - 1; i >= 0; i-- {
		h = own[i](h)
	}
	e.mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
		c := w.(*Context)
		c.err = h(c)
	})
}

// ServeHTTP implements http.Handler.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.Serve(&Context{ResponseWriter: w, Request: r, Values: map[string]any{}, engine: e})
}

// Serve serves a request. Handlers may call it to dispatch theirs again.
func (e *Engine) Serve(c *Context) {
	_, c.Request.Pattern = e.mux.Handler(c.Request)
	if err := e.chain(c); err != nil {
		e.OnError(c, err)
	}
}

// A complete adapter for a small framework, whose error handler runs after the
// middlewares.
func Example() {
	service, meter := NewEngine(), tacho.MustNew(tacho.Options{OmitRuntime: true})
	orders := meter.Counter(tacho.MetricOptions{Name: "orders", Help: "Orders placed."})
	service.Handle("GET /users/{id}", func(c *Context) error {
		_, err := fmt.Fprintln(c, "hello")
		return err
	})
	service.Handle("POST /orders", func(c *Context) error { return errors.New("out of stock") }, Track(orders))
	service.Use(Measure(meter))

	for _, request := range []string{"GET /users/1", "GET /users/2", "POST /orders", "GET /nowhere"} {
		method, path, _ := strings.Cut(request, " ")
		service.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	}
	scrape := httptest.NewRecorder()
	meter.Metrics().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(scrape.Body.String()) {
		if strings.HasPrefix(line, "http_requests_total") || strings.HasPrefix(line, "orders_total") {
			fmt.Print(line)
		}
	}
	// Unordered output:
	// http_requests_total{method="GET",path="/users/{id}",status="200"} 2
	// http_requests_total{method="GET",path="unmatched",status="404"} 1
	// http_requests_total{method="POST",path="/orders",status="502"} 1
	// orders_total 1
}
