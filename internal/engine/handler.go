package engine

import (
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// Handler measures every request that next serves; nil means http.DefaultServeMux.
func (e *Engine) Handler(next http.Handler) http.Handler {
	if next == nil {
		next = http.DefaultServeMux
	}
	e.Join()
	h := &handler{engine: e, next: next}
	h.mux, _ = next.(*http.ServeMux)
	return h
}

// Routed is Handler for a router whose routes a function reports; see package adapter.
func (e *Engine) Routed(next http.Handler, route func(*http.Request) string) http.Handler {
	e.Join()
	return &handler{engine: e, next: next, reported: route}
}

type handler struct {
	engine   *Engine
	next     http.Handler
	mux      *http.ServeMux             // next, if it is one
	reported func(*http.Request) string // the route from the router, or nil
	only     bool                       // it wraps a tracker: only its metrics are recorded
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, has := h.engine, abilities(w)
	if has&isUnwrapper != 0 || e.Nested() { // the server's own writer has no exchange
		if outer := e.Enclosing(w, r.Context()); outer != nil {
			h.nested(outer, w, r)
			return
		}
	}
	o := observers.Get().(*observer)
	o.has = has
	if !e.Begin(&o.exchange, r.Method, r.URL.Path) {
		h.exclude(o, w, r)
		return
	}
	if r.TLS != nil {
		o.exchange.Secure()
	}
	h.observe(o, w, r)
}

// observe serves a request whose exchange has begun.
func (h *handler) observe(o *observer, w http.ResponseWriter, r *http.Request) {
	o.request, o.exchange.watch.ctx, o.by, o.entered = r, r.Context(), h, r.Pattern
	seen := h.copyOf(o)
	o.inner = o.visible(seen)
	o.exchange.Carry(o)
	defer h.finish(o, seen)
	o.writer = w
	h.next.ServeHTTP(o.exchange.watching(w).as(o.has), o.inner)
}

// exclude serves a request that is not measured. An inner Handler must not measure it either.
func (h *handler) exclude(o *observer, w http.ResponseWriter, r *http.Request) {
	o.request = r
	if h.engine.Nested() {
		seen := h.copyOf(o)
		defer seen.Return()
		h.next.ServeHTTP(w, &seen.Request)
		return
	}
	o.release()
	h.next.ServeHTTP(w, r)
}

// copyOf returns a copy of the request for the handler if needed: to count a body, or to let an
// inner Handler or adapter find the exchange.
func (h *handler) copyOf(o *observer) *reqcopy.Copy {
	if h.engine.Nested() && !h.only {
		return reqcopy.New(o.request, o.exchange.Link(o.request.Context()))
	}
	if !h.engine.Minimal && reqcopy.Needed(o.request) {
		return reqcopy.New(o.request, nil)
	}
	return nil
}

// visible returns the request for the handler.
func (o *observer) visible(c *reqcopy.Copy) *http.Request {
	if c != nil {
		return &c.Request
	}
	return o.request
}

// finish ends the exchange, also if the handler panics; it panics again with the same value, on the
// same stack.
func (h *handler) finish(o *observer, seen *reqcopy.Copy) {
	v := recover()
	if seen != nil {
		seen.Return()
		o.exchange.BytesIn = seen.BytesRead()
	}
	o.exchange.Settle(o.exchange.watch.ctx, http.StatusOK, v)
	h.route(o, o.visible(seen))
	h.engine.End(&o.exchange)
	if seen == nil || !seen.Linked() {
		o.release() // otherwise the copy's context may still lead to it
	}
	if v != nil {
		panic(v)
	}
}

// route returns the route of the request.
func (h *handler) route(o *observer, r *http.Request) {
	x, pattern := &o.exchange, r.Pattern
	if h.reported != nil {
		if x.named.Load() != nil { // by the router; finding the route again may cost more than the rest
			return
		}
		if x.Route = h.engine.AskRoute(h.reported, r); x.Route != "" {
			return
		}
	}
	if h.mux != nil && r.Method == http.MethodConnect {
		pattern = muxPattern(h.mux, r)
	}
	switch {
	case pattern == "" && h.mux != nil, h.mux == nil && (madeUp(r) || redirected(x, r)):
		x.Route = Unmatched
	case pattern == "":
		x.Route = h.engine.Guess(r)
	case h.mux != nil && o.entered != "" && stripped(requestPath(r), r.URL.EscapedPath()):
		x.Route = joinTemplates(template(o.entered), template(pattern))
	default:
		x.setTemplate(pattern, template)
	}
}

// nested only sets the route of the enclosing exchange. It does so before the handler runs: behind
// http.TimeoutHandler the exchange may be over when the handler returns.
func (h *handler) nested(x *Exchange, w http.ResponseWriter, r *http.Request) {
	switch {
	case h.reported != nil:
		h.nestedRouted(x, w, r)
		return
	case h.mux == nil:
		h.nestedAround(x, w, r)
		return
	}
	pattern := muxPattern(h.mux, r)
	switch {
	case pattern == "":
		x.SetRoute(Unmatched)
	case h.again(x):
		x.SetRoute(template(pattern))
	default:
		x.SetRoute(x.below(r.Pattern, r.URL.Path, template(pattern)))
	}
	x.nestedPath = r.URL.Path
	h.next.ServeHTTP(w, r)
}

// again reports whether an inner handler has dispatched the request once more.
func (h *handler) again(x *Exchange) bool {
	o, ok := x.carrier.(*observer)
	return ok && o.by == h
}

// nestedAround is nested for a handler that is not a router. It takes the route from what the
// router inside leaves in the request.
func (h *handler) nestedAround(x *Exchange, w http.ResponseWriter, r *http.Request) {
	entered, named := r.Pattern, x.named.Load()
	if named == nil && entered != "" {
		x.SetRoute(template(entered))
		named = x.named.Load()
	}
	defer func() {
		switch {
		case r.Pattern == entered, x.named.Load() != named: // the route has not changed, or an inner handler has set it
		case madeUp(r):
			x.SetRoute(Unmatched)
		default:
			x.SetRoute(x.below(entered, r.URL.Path, template(r.Pattern)))
		}
	}()
	h.next.ServeHTTP(w, r)
}

// nestedRouted is nested for a handler whose router reports the route, before or after serving. The
// innermost router that reports one wins.
func (h *handler) nestedRouted(x *Exchange, w http.ResponseWriter, r *http.Request) {
	h.report(x, r)
	named := x.named.Load()
	defer func() {
		if x.named.Load() == named {
			h.report(x, r)
		}
	}()
	h.next.ServeHTTP(w, r)
}

func (h *handler) report(x *Exchange, r *http.Request) {
	if template := h.engine.AskRoute(h.reported, r); template != "" {
		x.SetRoute(template)
	}
}

// below appends an inner router's template to the pattern of the outer router, if that is a subtree
// and its part of the path was stripped in between.
func (x *Exchange) below(pattern, path, inner string) string {
	outerPath, outer := x.path, template(pattern)
	if x.nestedPath != "" {
		outerPath = x.nestedPath
		outer = x.named.Load().Label
	}
	if !subtree(outer) || !stripped(outerPath, path) {
		return inner
	}
	return joinTemplates(outer, inner)
}

// subtree reports whether a template can have other routers below it.
func subtree(template string) bool {
	return strings.HasSuffix(template, "/") || strings.HasSuffix(template, "...}")
}

// muxPattern returns the pattern that matches in the mux, or "". For CONNECT, the mux uses the
// client's own path as the pattern of a trailing-slash redirect, which is not a pattern and
// unlimited in number.
func muxPattern(mux *http.ServeMux, r *http.Request) string {
	h, pattern := mux.Handler(r)
	if r.Method == http.MethodConnect && reflect.TypeOf(h).String() == "*http.redirectHandler" {
		return ""
	}
	return pattern
}

// madeUp reports whether the pattern that a mux left in a CONNECT request is that of muxPattern's
// redirect: the path itself and a slash. A registered pattern with a trailing slash never matches a
// path without it.
func madeUp(r *http.Request) bool {
	return r.Method == http.MethodConnect && strings.HasSuffix(r.Pattern, "/") &&
		r.Pattern[:len(r.Pattern)-1] == path.Clean("/"+r.URL.Path)
}

// redirected detects that redirect by its status if a middleware has changed the path around the
// mux. Only patterns without method and host can be mistaken for it.
func redirected(x *Exchange, r *http.Request) bool {
	return r.Method == http.MethodConnect && x.status == http.StatusTemporaryRedirect && strings.HasPrefix(r.Pattern, "/")
}

// template returns a ServeMux pattern without its method and host.
func template(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i > 0 {
		return pattern[i:]
	}
	return pattern
}

// joinTemplates appends an inner template to the subtree of an outer pattern such as /api/ or
// /{tenant}/{rest...}.
func joinTemplates(outer, inner string) string {
	if strings.HasSuffix(outer, "...}") {
		outer = outer[:strings.LastIndexByte(outer, '{')]
	}
	return strings.TrimSuffix(outer, "/") + inner
}

// stripped reports whether the beginning of a path was removed, as by http.StripPrefix.
func stripped(before, after string) bool {
	return len(after) < len(before) && strings.HasSuffix(before, after)
}

// requestPath returns the path of the request line, even if r.URL has changed.
func requestPath(r *http.Request) string {
	uri, _, _ := strings.Cut(r.RequestURI, "?")
	if _, rest, absolute := strings.Cut(uri, "://"); absolute && uri[0] != '/' {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
		return ""
	}
	return uri
}
