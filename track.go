package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/engine"
)

// Track puts metrics on a handler of net/http, outermost first. They all must
// belong to one Meter. Its Handler need not be around: the metrics are recorded
// all the same, with what the handler itself answers.
func Track(next http.Handler, metrics ...*Metric) http.Handler {
	tracked := make([]*engine.Metric, len(metrics))
	for i, x := range metrics {
		tracked[i] = &x.tracked
	}
	return engine.Track(next, tracked...)
}

// Handler puts the metric on a handler of net/http.
func (x *Metric) Handler(next http.Handler) http.Handler { return Track(next, x) }

// HandlerFunc puts the metric on a handler function of net/http.
func (x *Metric) HandlerFunc(next http.HandlerFunc) http.Handler {
	if next == nil {
		engine.MustHandler("HandlerFunc", nil)
	}
	return Track(next, x)
}

// DoNotTrack leaves the requests of a handler out of the HTTP metrics; those
// that were put on it are still recorded.
func (m *Meter) DoNotTrack(next http.Handler) http.Handler {
	return engine.MarkLayer(m.engine, (*engine.Exchange).DoNotTrack).Mark("DoNotTrack", next)
}

// ExcludeAll leaves the requests of a handler out of everything, metrics that
// were put on it included, whichever of them stands inside.
func (m *Meter) ExcludeAll(next http.Handler) http.Handler {
	return engine.MarkLayer(m.engine, (*engine.Exchange).ExcludeAll).Mark("ExcludeAll", next)
}
