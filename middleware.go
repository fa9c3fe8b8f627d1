package tacho

import (
	"context"
	"net/http"
	"path"
	"reflect"
	"strings"

	"github.com/tacho-go/tacho/internal/reqcopy"
)

// Handler measures every request that next serves. The route is the pattern of
// the [http.ServeMux] that matched, without its method and host.
//
// Give it the ServeMux itself, or anything around it. Where a middleware in
// between copies the request (as Request.WithContext does) the pattern is lost
// on its way back; then wrap the ServeMux with Handler as well, from the same
// Meter: the inner one only names the route, and a request is counted once.
// The same composes the templates of nested ServeMuxes behind
// http.StripPrefix.
//
// A nil handler stands for http.DefaultServeMux, as it does for net/http.
func (m *Meter) Handler(next http.Handler) http.Handler {
	if next == nil {
		next = http.DefaultServeMux
	}
	m.Join()
	h := &handler{meter: m, next: next}
	h.mux, _ = next.(*http.ServeMux)
	return h
}

// Join tells the Meter that a middleware of an adapter measures for it.
// Adapters call it once for each middleware that they make.
func (m *Meter) Join() { m.handlers.Add(1) }

// Enclosing returns the exchange of this Meter in which the writer and context
// already take part, or nil. An adapter that finds one names its route by
// SetRoute and leaves the rest to it, so that a request is counted once, however
// often a handler dispatches it again.
func (m *Meter) Enclosing(w http.ResponseWriter, ctx context.Context) *Exchange {
	if m.Nested() {
		if x := m.linkedExchange(ctx); x != nil {
			return x
		}
	}
	return m.writerExchange(w, false)
}

// Nested reports whether several places measure for this Meter, so that those
// inside look for an exchange that is under way.
func (m *Meter) Nested() bool { return m.handlers.Load() > 1 }

// Current returns the exchange of this Meter that the writer reports to, or nil.
// Unlike Enclosing it finds those of BeginTracked as well, and none that belongs
// to another goroutine.
func (m *Meter) Current(w http.ResponseWriter) *Exchange {
	return m.writerExchange(w, true)
}

// Of reports whether the exchange is one of this Meter's.
func (x *Exchange) Of(m *Meter) bool { return x.of(m) }

type handler struct {
	meter *Meter
	next  http.Handler
	mux   *http.ServeMux // next, if it is one
	only  bool           // it stands around a tracker: nothing but its metrics is recorded
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, has := h.meter, abilities(w)
	if has&isUnwrapper != 0 || m.Nested() { // the server's own writer leads nowhere
		if outer := m.Enclosing(w, r.Context()); outer != nil {
			h.nested(outer, w, r)
			return
		}
	}
	o := observers.Get().(*observer)
	o.has = has
	if !m.Begin(&o.exchange, r.Method, r.URL.Path) {
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
	o.request, o.ctx, o.by, o.entered = r, r.Context(), h, r.Pattern
	seen := h.copyOf(o)
	o.inner = o.visible(seen)
	o.exchange.Carry(o)
	defer h.finish(o, seen)
	h.next.ServeHTTP(o.watch(w).as(o.has), o.inner)
}

// exclude serves a request that is not measured. A Handler further inside must
// not measure it either.
func (h *handler) exclude(o *observer, w http.ResponseWriter, r *http.Request) {
	o.request = r
	if h.meter.Nested() {
		seen := h.copyOf(o)
		defer seen.Return()
		h.next.ServeHTTP(w, &seen.Request)
		return
	}
	o.release()
	h.next.ServeHTTP(w, r)
}

// copyOf makes a copy of the request for the handler where it needs one: to
// count a body, or to be found again by a Handler or adapter further inside.
func (h *handler) copyOf(o *observer) *reqcopy.Copy {
	if h.meter.Nested() && !h.only {
		return reqcopy.New(o.request, o.exchange.Link(o.request.Context()))
	}
	if !h.meter.opts.Minimal && reqcopy.Needed(o.request) {
		return reqcopy.New(o.request, nil)
	}
	return nil
}

// visible is the request that the handler sees.
func (o *observer) visible(c *reqcopy.Copy) *http.Request {
	if c != nil {
		return &c.Request
	}
	return o.request
}

// finish ends the exchange, also when the handler panics; the panic goes on
// with its own value, on the stack where it began.
func (h *handler) finish(o *observer, seen *reqcopy.Copy) {
	v := recover()
	if seen != nil {
		seen.Return()
		o.exchange.BytesIn = seen.BytesRead()
	}
	o.exchange.Settle(o.ctx, http.StatusOK, v)
	h.route(o, o.visible(seen))
	h.meter.End(&o.exchange)
	if seen == nil || !seen.Linked() {
		o.release() // otherwise the copy's context may still lead to it
	}
	if v != nil {
		panic(v)
	}
}

// route names the route that the request has taken.
func (h *handler) route(o *observer, r *http.Request) {
	x, pattern := &o.exchange, r.Pattern
	if h.mux != nil && r.Method == http.MethodConnect {
		pattern = muxPattern(h.mux, r)
	}
	switch {
	case pattern == "" && h.mux != nil, h.mux == nil && (madeUp(r) || redirected(x, r)):
		x.Route = Unmatched
	case pattern == "":
		x.Route = h.meter.guess(r)
	case h.mux != nil && o.entered != "" && stripped(requestPath(r), r.URL.EscapedPath()):
		x.Route = joinTemplates(template(o.entered), template(pattern))
	default:
		x.setTemplate(pattern, template)
	}
}

// nested lets the exchange that is under way know the route, and nothing else.
// The route is set before the handler runs: behind http.TimeoutHandler the
// exchange may be over when the handler returns.
func (h *handler) nested(x *Exchange, w http.ResponseWriter, r *http.Request) {
	if h.mux == nil {
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

// again reports whether a handler inside has dispatched the request once more.
func (h *handler) again(x *Exchange) bool {
	o, ok := x.carrier.(*observer)
	return ok && o.by == h
}

// nestedAround is nested for a handler whose router is not in sight. It names the
// route by what that router leaves in the request.
func (h *handler) nestedAround(x *Exchange, w http.ResponseWriter, r *http.Request) {
	entered, named := r.Pattern, x.named.Load()
	if named == nil && entered != "" {
		x.SetRoute(template(entered))
		named = x.named.Load()
	}
	defer func() {
		switch {
		case r.Pattern == entered, x.named.Load() != named: // nobody knew better, or somebody did
		case madeUp(r):
			x.SetRoute(Unmatched)
		default:
			x.SetRoute(x.below(entered, r.URL.Path, template(r.Pattern)))
		}
	}()
	h.next.ServeHTTP(w, r)
}

// below puts an inner router's template behind that of the router around it,
// whose pattern is given, if that one stands for a subtree and its part of the
// path was stripped in between.
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

// subtree reports whether other routers can stand below a template.
func subtree(template string) bool {
	return strings.HasSuffix(template, "/") || strings.HasSuffix(template, "...}")
}

func (x *Exchange) of(m *Meter) bool { return x != nil && x.meter != nil && x.meter.core == m.core }

// guess asks Options.RouteFunc where no router is in sight. A panic in it is
// not the request's business.
func (m *Meter) guess(r *http.Request) (route string) {
	if m.opts.RouteFunc == nil {
		return Unknown
	}
	defer m.recoverPanic(routeFunc)
	return m.opts.RouteFunc(r)
}

// muxPattern asks the mux which pattern matches, "" if none. For CONNECT the
// mux names a trailing-slash redirect by the client's own path, which is no
// pattern and unbounded.
func muxPattern(mux *http.ServeMux, r *http.Request) string {
	h, pattern := mux.Handler(r)
	if r.Method == http.MethodConnect && reflect.TypeOf(h).String() == "*http.redirectHandler" {
		return ""
	}
	return pattern
}

// madeUp reports whether the pattern that a mux has left in a CONNECT request is
// that of muxPattern's redirect: the path itself, with a slash behind it. A
// registered pattern that ends in a slash never matches without it.
func madeUp(r *http.Request) bool {
	return r.Method == http.MethodConnect && strings.HasSuffix(r.Pattern, "/") &&
		r.Pattern[:len(r.Pattern)-1] == path.Clean("/"+r.URL.Path)
}

// redirected finds that redirect by its status, where a middleware has changed
// the path around the mux. Only patterns without method and host can be taken
// for it.
func redirected(x *Exchange, r *http.Request) bool {
	return r.Method == http.MethodConnect && x.status == http.StatusTemporaryRedirect && strings.HasPrefix(r.Pattern, "/")
}

// template is a ServeMux pattern without its method and host.
func template(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i > 0 {
		return pattern[i:]
	}
	return pattern
}

// joinTemplates puts an inner template below the subtree that an outer pattern
// such as /api/ or /{tenant}/{rest...} stands for.
func joinTemplates(outer, inner string) string {
	if strings.HasSuffix(outer, "...}") {
		outer = outer[:strings.LastIndexByte(outer, '{')]
	}
	return strings.TrimSuffix(outer, "/") + inner
}

// stripped reports whether the front of a path was taken off, as
// http.StripPrefix does.
func stripped(before, after string) bool {
	return len(after) < len(before) && strings.HasSuffix(before, after)
}

// requestPath is the path of the request line, whatever happened to r.URL.
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
