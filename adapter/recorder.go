package adapter

import (
	"context"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// A Recorder is what adapters report to: a Meter, as adapters see it. Its methods are safe
// for concurrent use. [Of] returns it; get it once, when the adapter is set up.
type Recorder engine.Engine

// Of returns the Recorder of a Meter.
func Of(m *tacho.Meter) *Recorder { return (*Recorder)(engine.Of(m)) }

func (r *Recorder) engine() *engine.Engine { return (*engine.Engine)(r) }

// Join tells the Recorder that one more middleware measures for it. Call it once for each
// middleware that is made. [Measure], [Middleware] and the marks call it themselves.
func (r *Recorder) Join() { r.engine().Join() }

// Nested reports whether several places measure for this Meter: several middlewares, or a
// middleware and Meter.Handler. Only then can another exchange be under way when a request
// arrives ([Recorder.Enclosing]), and only then must the handlers inside find this one
// ([Exchange.Link]).
func (r *Recorder) Nested() bool { return r.engine().Nested() }

// Minimal reports whether Options.Minimal is set. An adapter then need not watch bodies,
// nor the moment at which a status is written.
func (r *Recorder) Minimal() bool { return r.engine().Minimal }

// Enclosing returns the exchange of this Meter in which a request already takes part, or
// nil. An adapter that finds one names its route ([Exchange.SetRoute]) and leaves the rest
// to it, so that a request is counted once, however often a handler dispatches it again.
// The writer is the framework's own or nil; ctx is the request's context or nil.
func (r *Recorder) Enclosing(w http.ResponseWriter, ctx context.Context) *Exchange {
	return (*Exchange)(r.engine().Enclosing(w, ctx))
}

// Current returns the exchange of this Meter that the writer reports to, or nil. Unlike
// Enclosing it also finds exchanges of BeginTracked, and never one that belongs to another
// goroutine, as the one around http.TimeoutHandler does. Metrics on a route belong to it.
func (r *Recorder) Current(w http.ResponseWriter) *Exchange {
	return (*Exchange)(r.engine().Current(w))
}

// Begin begins an exchange, and reports whether the request is to be measured. If not,
// serve it and leave the exchange alone. The strings must be valid until End; they are not
// kept beyond it.
func (r *Recorder) Begin(x *Exchange, method, path string) bool {
	return r.engine().Begin(x.engine(), method, path)
}

// BeginTracked is Begin for metrics on a route where no exchange is under way: only these
// metrics are recorded, not the HTTP metrics. It reports false if the request is excluded
// for all of them.
func (r *Recorder) BeginTracked(x *Exchange, method, path string, metrics ...*tacho.Metric) bool {
	return r.engine().BeginTracked(x.engine(), method, path, behind(metrics)...)
}

// End records an exchange. It never panics and never blocks on I/O. Whatever still reports
// to the exchange after that is ignored.
func (r *Recorder) End(x *Exchange) { r.engine().End(x.engine()) }

// Expect makes a route known before its first request: it is counted from zero for each
// of Options.Status.Initial. Call it for every route that the router can list; at most half
// of the series limit is used.
func (r *Recorder) Expect(method, template string) { r.engine().Store.Expect(method, template) }

// MustOwn panics if one of the metrics belongs to another Meter. Call it when metrics are
// put on a route; [Track] calls it itself.
func (r *Recorder) MustOwn(metrics ...*tacho.Metric) { r.engine().MustOwn(behind(metrics)...) }

// behind returns what records a metric.
func behind(metrics []*tacho.Metric) []*engine.Metric {
	all := make([]*engine.Metric, len(metrics))
	for i, m := range metrics {
		all[i] = engine.MetricOf(m)
	}
	return all
}
