package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/engine"
)

// Handler measures every request that next serves. The route is the pattern of
// the [http.ServeMux] that matched, without its method and host.
//
// Wrap the ServeMux itself, or a handler around it. If a middleware in between copies the request,
// as Request.WithContext does, the pattern does not reach the outer Handler; in that case also wrap
// the ServeMux with Handler of the same Meter. The inner Handler only reports the route, and a
// request is counted once. Nested ServeMuxes behind http.StripPrefix are handled in the same way:
// their templates are joined.
//
// A nil handler means http.DefaultServeMux, as in net/http. For other routers see package adapter.
func (m *Meter) Handler(next http.Handler) http.Handler { return m.engine.Handler(next) }

// Package adapter gets the engine through these hooks, so that it does not appear in this package's
// documentation.
func init() {
	engine.Of = func(meter any) *engine.Engine { return meter.(*Meter).engine }
	engine.MetricOf = func(metric any) *engine.Metric { return &metric.(*Metric).tracked }
}

// newEngine returns the engine that measures this Meter's requests.
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
