// Package fiberapp measures apps of Fiber, of any version. Fiber 2 and 3 work in the same way, but
// have different types: fiber.Ctx is a struct in one of them and an interface in the other. A [Fiber]
// describes a version.
package fiberapp

import (
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/routefinder"
)

// A Ctx is a *fiber.Ctx of Fiber 2 or a fiber.Ctx of Fiber 3.
type Ctx interface {
	Next() error
	Params(key string, defaultValue ...string) string
	SendStatus(status int) error
}

// A Raw is a *fasthttp.RequestCtx.
type Raw interface {
	adapter.FastHTTPContext
	ConnRequestNum() uint64
}

// A Fiber is a version of Fiber: C is its context, A a pointer to its app, and R fasthttp's context.
// All fields must be set.
type Fiber[C Ctx, A comparable, R Raw] struct {
	Raw func(C) R
	App func(C) A
	// Route returns the path of the route that was matched last. A middleware is a route of App.Use:
	// its path is only a prefix.
	Route  func(C) (path string, middleware bool)
	Params func(C) []string // the names of that route's parameters
	// HandleError is App.ErrorHandler.
	HandleError func(A, C, error) error
	// Mirror returns the handler of an app with the same routes, whose handlers report themselves to
	// package routefinder.
	Mirror func(A) func(R)

	Parts    func(R) adapter.FastHTTPParts
	TimedOut func(R) adapter.FastHTTPResponse // nil without a timeout
	NewRaw   func() R
	// Readdress gives the first request the method and the path of the second one.
	Readdress func(to, from R)

	requests adapter.FastHTTPRequests[request[C, R], *request[C, R]]
}

// Listed returns the routes of an app without the HEAD routes that Fiber adds to those for GET. as
// describes a route.
func Listed[R any](all []R, as func(R) adapter.Route) []R {
	return slices.DeleteFunc(slices.Clone(all), func(r R) bool {
		head := as(r)
		return head.Method == "HEAD" && slices.ContainsFunc(all, func(r R) bool {
			get := as(r)
			return get.Method == "GET" && get.Path == head.Path
		})
	})
}

// IsMiddleware returns a function that reports whether a fiber.Route is one of App.Use. No method of
// Fiber's tells: Ctx.IsMiddleware, which is new in Fiber 3, also holds for a route with several
// handlers. So it reads an unexported field; without that, no route is a middleware.
func IsMiddleware[R any]() func(*R) bool {
	f, ok := reflect.TypeFor[R]().FieldByName("use")
	if !ok || f.Type != reflect.TypeFor[bool]() || len(f.Index) != 1 {
		return func(*R) bool { return false }
	}
	return func(r *R) bool { return *(*bool)(unsafe.Add(unsafe.Pointer(r), f.Offset)) }
}

// A finder finds the route of a request that never reached it: a middleware answered, or none of
// ours stands before the route.
type finder[C Ctx, A comparable, R Raw] struct {
	fiber   *Fiber[C, A, R]
	once    sync.Once
	handler func(R)
	lookups routefinder.Finder[R]
}

func (f *Fiber[C, A, R]) finder() *finder[C, A, R] {
	return &finder[C, A, R]{fiber: f, lookups: routefinder.Finder[R]{New: f.NewRaw}}
}

// find returns the template of the route, or tacho.Unmatched.
func (f *finder[C, A, R]) find(app A, raw R) string {
	f.once.Do(func() { f.handler = f.fiber.Mirror(app) })
	return f.lookups.Find(func(own R) {
		f.fiber.Readdress(own, raw)
		f.handler(own)
	})
}

// Layer returns a layer as Fiber's handler.
func (f *Fiber[C, A, R]) Layer(l *adapter.Layer) func(C) error { return f.layer(l, f.finder()) }

func (f *Fiber[C, A, R]) layer(l *adapter.Layer, routes *finder[C, A, R]) func(C) error {
	return func(c C) (err error) {
		r, first := f.requestOf(f.Raw(c))
		r.ctx, r.inChain = c, true
		p := pass[C, A, R]{r, routes, false}
		if r.outside == l { // the server's handler measures
			defer p.note(c)
			err = c.Next()
			p.passed = true
			return err
		}
		call := r.Enter(l, r)
		defer p.leave(c, call, first, &err)
		err = c.Next()
		p.passed = true
		return err
	}
}

// A pass is that of a request through Fiber's chain, behind a layer.
type pass[C Ctx, A comparable, R Raw] struct {
	request *request[C, R]
	routes  *finder[C, A, R]
	passed  bool // no handler panicked
}

// note finds out what Fiber's chain has matched, and whether a handler panicked.
func (p *pass[C, A, R]) note(c C) {
	r, f := p.request, p.routes.fiber
	if !p.passed {
		r.Panicked = true
	}
	path, middleware := f.Route(c)
	switch r.noted = true; {
	case r.Unread:
	case middleware: // it may have answered in place of a route
		r.SetRoute(p.routes.find(f.App(c), r.raw))
	default:
		r.SetRoute(path)
		if r.ReadsParams() {
			for _, name := range f.Params(c) {
				r.AddParam(name, c.Params(name))
			}
		}
	}
}

// leave ends a call. If no server's handler measures around it, an error has yet to become a
// response.
func (p *pass[C, A, R]) leave(c C, call *adapter.Call, first bool, err *error) {
	p.note(c)
	r, f := p.request, p.routes.fiber
	switch {
	case !p.passed && (call != nil || first):
		f.leave(r, call, first, recover())
	case !p.passed:
	case call == nil || *err == nil:
		f.leave(r, call, first, nil)
	default:
		w := r.Await(call, r)
		if f.release(r, first); w != nil && r.raw.ConnRequestNum() == 0 { // behind an adaptor of net/http, which closes nothing
			if *err = f.HandleError(f.App(c), c, *err); *err != nil { // as Fiber does
				*err = c.SendStatus(500)
			}
			w.Close()
		}
	}
}

// An Outside measures around an app.
type Outside[C Ctx, A comparable, R Raw] struct {
	*adapter.Setup
	fiber  *Fiber[C, A, R]
	layer  *adapter.Layer
	routes *finder[C, A, R]
	app    A
}

// Around returns the Outside of an app.
func (f *Fiber[C, A, R]) Around(app A, s *adapter.Setup) *Outside[C, A, R] {
	return &Outside[C, A, R]{s, f, adapter.Measure(s.Meter), f.finder(), app}
}

// Inside returns the middleware that the app needs as its first one. It notes the routes.
func (o *Outside[C, A, R]) Inside() func(C) error { return o.fiber.layer(o.layer, o.routes) }

// Handler returns the handler of fasthttp's server, given Fiber's.
func (o *Outside[C, A, R]) Handler(next func(R)) func(R) {
	return func(raw R) { o.serve(raw, next) }
}

// ErrorHandler returns the handler of fasthttp's server for requests that it refuses, given Fiber's.
func (o *Outside[C, A, R]) ErrorHandler(next func(R, error)) func(R, error) {
	return func(raw R, err error) {
		r, first := o.fiber.requestOf(raw)
		r.Refused(err)
		o.serve(raw, func(raw R) { next(raw, err) })
		o.fiber.release(r, first)
	}
}

func (o *Outside[C, A, R]) serve(raw R, next func(R)) {
	o.Serving()
	r, first := o.fiber.requestOf(raw)
	r.outside = o.layer
	call := r.Enter(o.layer, r)
	defer o.leave(r, call, first)
	next(raw)
}

// leave ends what serve began. Error handlers and recovery are further inside, so that the response
// is what will be sent.
func (o *Outside[C, A, R]) leave(r *request[C, R], call *adapter.Call, first bool) {
	v := recover()
	r.leaveChain() // Fiber uses the context for another request
	if call != nil && !r.noted && !r.Unread {
		r.SetRoute(o.routes.find(o.app, r.raw))
	}
	o.fiber.leave(r, call, first, v)
}

// A request is what the layers of one request share.
type request[C Ctx, R Raw] struct {
	adapter.FastHTTP
	raw     R
	ctx     C
	inChain bool           // Fiber serves the request, with ctx
	outside *adapter.Layer // that measures around the app, nil if there is none
	noted   bool           // a handler in Fiber's chain knows the route
}

// requestOf returns what is known of a request, and whether it is the first layer that asks for it.
func (f *Fiber[C, A, R]) requestOf(raw R) (r *request[C, R], first bool) {
	if r, first = f.requests.Of(raw); first {
		r.raw, r.outside, r.inChain, r.noted = raw, nil, false, false
		r.Begin(f.Parts(raw))
	}
	return r, first
}

// leave ends a call, nil where there is nothing to measure, and goes on to panic.
func (f *Fiber[C, A, R]) leave(r *request[C, R], call *adapter.Call, first bool, panicked any) {
	if late := f.TimedOut(r.raw); late != nil {
		r.TimedOut = late
	}
	switch {
	case call != nil:
		r.Leave(call, r, panicked)
	case panicked != nil:
		panic(panicked)
	}
	f.release(r, first)
}

// release is the end of the layer that was first.
func (f *Fiber[C, A, R]) release(r *request[C, R], first bool) {
	if first {
		r.leaveChain()
		f.requests.Release(r)
	}
}

func (r *request[C, R]) leaveChain() {
	var none C
	r.ctx, r.inChain = none, false
}

// PathValue implements adapter.Carrier.
func (r *request[C, R]) PathValue(name string) string {
	if r.inChain {
		return r.ctx.Params(name)
	}
	if name == "*" || name == "+" { // the first one
		name += "1"
	}
	return r.FastHTTP.PathValue(name)
}
