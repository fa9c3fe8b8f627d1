package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/engine"
)

// Track records the requests of a net/http handler in metrics, outermost first. All must belong to
// one Meter. Meter.Handler is not required: without it, the metrics record the handler's own
// response.
func Track(next http.Handler, metrics ...*Metric) http.Handler {
	tracked := make([]*engine.Metric, len(metrics))
	for i, x := range metrics {
		tracked[i] = &x.tracked
	}
	return engine.Track(next, tracked...)
}

// Handler records the requests of a net/http handler in the metric.
func (x *Metric) Handler(next http.Handler) http.Handler { return Track(next, x) }

// HandlerFunc records the requests of a net/http handler function in the metric.
func (x *Metric) HandlerFunc(next http.HandlerFunc) http.Handler {
	if next == nil {
		engine.MustHandler("HandlerFunc", nil)
	}
	return Track(next, x)
}

// DoNotTrack excludes the requests of a handler from the HTTP metrics. Metrics on the handler are
// still recorded.
func (m *Meter) DoNotTrack(next http.Handler) http.Handler {
	return engine.MarkLayer(m.engine, (*engine.Exchange).DoNotTrack).Mark("DoNotTrack", next)
}

// ExcludeAll excludes the requests of a handler from everything, including metrics on it,
// regardless of their order.
func (m *Meter) ExcludeAll(next http.Handler) http.Handler {
	return engine.MarkLayer(m.engine, (*engine.Exchange).ExcludeAll).Mark("ExcludeAll", next)
}
