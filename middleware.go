package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/engine"
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
// A nil handler stands for http.DefaultServeMux, as it does for net/http. For
// other routers see package adapter.
func (m *Meter) Handler(next http.Handler) http.Handler { return m.engine.Handler(next) }

// The engine hands out what adapters report to, and nothing of it is in this
// package's documentation.
func init() {
	engine.Of = func(meter any) *engine.Engine { return meter.(*Meter).engine }
	engine.MetricOf = func(metric any) *engine.Metric { return &metric.(*Metric).tracked }
}

// newEngine makes what follows the requests of this Meter.
func (m *Meter) newEngine() *engine.Engine {
	return &engine.Engine{Shared: &m.core.Shared, Config: engine.Config{
		Minimal:          m.opts.Minimal,
		Traces:           m.opts.TraceFunc != nil,
		Schemes:          m.table.schemes,
		ExcludeByDefault: m.opts.excludeByDefault,
		MetricsPath:      m.opts.MetricsPath,
		Excludes:         m.excludes,
		ExcludesTracked:  m.excludesTracked,
		Record:           m.record,
		Label:            func(template string) *string { return &m.table.route(template).label },
		Guess:            m.guess,
		AskRoute:         m.askRoute,
		Kind:             m.flightOf,
		Expect:           m.table.expect,
	}}
}

func (m *Meter) excludes(method, path string) bool {
	return m.table.exclude.request(path) || m.excludesByFunc(method, path)
}

// excludesTracked is the same for metrics that were put on the route: the list
// that excludes by default says nothing of them.
func (m *Meter) excludesTracked(method, path string) bool {
	if m.table.exclude.listed(path) && !(m.opts.excludeByDefault && path != m.opts.MetricsPath) {
		return true
	}
	return m.table.exclude.matches(path) || m.excludesByFunc(method, path)
}

func (m *Meter) excludesByFunc(method, path string) (yes bool) {
	if m.opts.ExcludeFunc == nil {
		return false
	}
	defer m.survive(excludeFunc)
	return m.opts.ExcludeFunc(method, path)
}

// guess calls Options.RouteFunc where no router is in sight. A panic in it is
// not the request's business.
func (m *Meter) guess(r *http.Request) string {
	if m.opts.RouteFunc == nil {
		return Unknown
	}
	return m.askRoute(m.opts.RouteFunc, r)
}

func (m *Meter) askRoute(f func(*http.Request) string, r *http.Request) (route string) {
	defer m.survive(routeFunc)
	return f(r)
}
