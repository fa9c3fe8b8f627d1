package adapter

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// A Recorder is the view of a Meter to which adapters report. Its methods are safe for concurrent
// use. Call [Of] once, when the adapter is set up.
type Recorder engine.Engine

// Of returns the Recorder of a Meter.
func Of(m *tacho.Meter) *Recorder { return (*Recorder)(engine.Of(m)) }

func (r *Recorder) engine() *engine.Engine { return (*engine.Engine)(r) }

// Join registers one more middleware that measures. Call it once for each middleware. [Measure],
// [DoNotTrack], [ExcludeAll] and [Middleware] call it themselves.
func (r *Recorder) Join() { r.engine().Join() }

// Nested reports whether this Meter measures in several places: in several middlewares, or in a
// middleware and Meter.Handler. Only then can a new request already belong to an exchange
// ([Recorder.Enclosing]), and only then must inner handlers be able to find this one
// ([Exchange.Link]).
func (r *Recorder) Nested() bool { return r.engine().Nested() }

// Minimal reports whether Options.Minimal is set. An adapter then need not watch bodies, or the
// time at which a status is written.
func (r *Recorder) Minimal() bool { return r.engine().Minimal }

// Enclosing returns the exchange of this Meter to which a request already belongs, or nil. An
// adapter that finds one sets its route ([Exchange.SetRoute]) and nothing else, so that a request
// is counted once, however often a handler dispatches it again. The writer is the framework's own
// or nil; ctx is the request's context or nil.
func (r *Recorder) Enclosing(w http.ResponseWriter, ctx context.Context) *Exchange {
	return (*Exchange)(r.engine().Enclosing(w, ctx))
}

// Current returns the exchange of this Meter to which the writer reports, or nil. Unlike Enclosing,
// it also finds exchanges of BeginTracked, and never one that belongs to another goroutine, such as
// the one around http.TimeoutHandler. Metrics on a route belong to it.
func (r *Recorder) Current(w http.ResponseWriter) *Exchange {
	return (*Exchange)(r.engine().Current(w))
}

// Begin begins an exchange, and reports whether the request is measured. If not, serve it and do
// not use the exchange. The strings must be valid until End; they are not kept after it.
func (r *Recorder) Begin(x *Exchange, method, path string) bool {
	return r.engine().Begin(x.engine(), method, path)
}

// BeginTracked is Begin for metrics on a route if the request does not belong to an exchange: only
// these metrics are recorded, not the HTTP metrics. It returns false if the request is excluded for
// all of them.
func (r *Recorder) BeginTracked(x *Exchange, method, path string, metrics ...*tacho.Metric) bool {
	return r.engine().BeginTracked(x.engine(), method, path, behind(metrics)...)
}

// End records an exchange. It never panics and never blocks on I/O. Later reports to the exchange
// are ignored.
func (r *Recorder) End(x *Exchange) { r.engine().End(x.engine()) }

// Expect registers a route before its first request: it starts at zero for each of
// Options.Status.Initial. Call it for every route that the router can list; it uses at most half of
// the series limit.
func (r *Recorder) Expect(method, template string) { r.engine().Store.Expect(method, template) }

// Excludes reports whether Options.Exclude excludes a request. An adapter with metrics of its own
// asks it for their routes.
func (r *Recorder) Excludes(method, path string) bool { return r.engine().Excludes(method, path) }

// MustOwn panics if one of the metrics belongs to another Meter. Call it when metrics are put on a
// route; [Track] does so itself.
func (r *Recorder) MustOwn(metrics ...*tacho.Metric) { r.engine().MustOwn(behind(metrics)...) }

// behind returns the engine's metrics.
func behind(metrics []*tacho.Metric) []*engine.Metric {
	all := make([]*engine.Metric, len(metrics))
	for i, m := range metrics {
		all[i] = engine.MetricOf(m)
	}
	return all
}
