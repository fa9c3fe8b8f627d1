package tacho

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/store"
)

// What the user's functions contribute to the record of a request. A panic in one of them does not
// affect the request.

func (m *Meter) excludesByFunc(method, path string) (yes bool) {
	defer m.recoverPanic(excludeFunc)
	return m.opts.Exclude.Func(method, path)
}

// guess calls Options.RouteFunc if no router reports a route.
func (m *Meter) guess(r *http.Request) string {
	if m.opts.RouteFunc == nil {
		return Unknown
	}
	return m.askRoute(m.opts.RouteFunc, r)
}

func (m *Meter) askRoute(f func(*http.Request) string, r *http.Request) (route string) {
	defer m.recoverPanic(routeFunc)
	return f(r)
}

// variant returns the route under which Options.GroupBy and Options.Labels record a request.
func (m *Meter) variant(x *engine.Exchange, r *store.Route) *store.Route {
	return m.store.Variant(m.grouped(x, r), m.extrasOf(x))
}

// trace calls Options.TraceFunc.
func (m *Meter) trace(ctx context.Context) (traceID, spanID string) {
	defer m.recoverPanic(traceFunc)
	return m.opts.TraceFunc(ctx)
}

// grouped returns the route under which Options.GroupBy records a request.
func (m *Meter) grouped(x *engine.Exchange, r *store.Route) *store.Route {
	group := m.store.Group
	if group == nil {
		return r
	}
	return m.store.Route(group.Value(m.callFunc(m.opts.GroupBy.Func, Request{x, m}, groupBy)))
}

// extrasOf returns the values of Options.Labels for a request.
func (m *Meter) extrasOf(x *engine.Exchange) []string {
	for i := len(x.Scratch.Extras); i < len(m.extras); i++ {
		x.Scratch.Extras = append(x.Scratch.Extras, m.extra(i, x))
	}
	return x.Scratch.Extras
}

// extra returns the value of one of Options.Labels for a request.
func (m *Meter) extra(i int, x *engine.Exchange) string {
	return m.store.Extras[i].Value(m.callFunc(m.extras[i].Func, Request{x, m}, labelFunc))
}
