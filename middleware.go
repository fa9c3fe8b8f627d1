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
	c := engine.Config{
		Store:            m.store,
		Minimal:          m.opts.Minimal,
		OmitHTTP:         m.opts.OmitHTTP,
		ExcludeByDefault: m.opts.Exclude.byDefault,
		MetricsPath:      m.opts.Endpoint.Path,
		Guess:            m.guess,
		AskRoute:         m.askRoute,
	}
	if m.opts.Exclude.Func != nil {
		c.ExcludeFunc = m.excludesByFunc
	}
	if m.opts.TraceFunc != nil {
		c.Trace = m.trace
	}
	if m.store.Dynamic {
		c.Variant = m.variant
	}
	return &engine.Engine{Shared: &m.core.shared, Config: c}
}
