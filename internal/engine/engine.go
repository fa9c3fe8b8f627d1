// Package engine follows requests from their begin to their end: it knows what an
// exchange is, how a response is watched on net/http, and which exchange a handler
// belongs to. Package tacho puts its Meter in front of it and records what comes out;
// package adapter shows it to the authors of adapters. Nothing else may import it, and
// it does not depend on series, histograms or formats.
package engine

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Of returns the engine of a *tacho.Meter, and MetricOf that of a *tacho.Metric. Package
// tacho sets them; package adapter calls them when an adapter is set up, and never for
// a request.
var (
	Of       func(meter any) *Engine
	MetricOf func(metric any) *Metric
)

// An Engine follows the requests of one Meter.
type Engine struct {
	*Shared
	Config
}

// Shared is what Meters on one registry have in common. Its address is their identity.
type Shared struct {
	Watches  bool       // requests in flight, and streams
	InFlight []InFlight // one, or one for each kind of request that schemas tell apart
	Streams  *atomic.Uint64
	Defaults atomic.Pointer[[]*Metric] // by Meter.RegisterDefault
	Clock    func() int64              // nil but in tests

	measuring atomic.Int32 // how many places measure
}

// Config is what the engine is told by its Meter. Functions are called for each request
// only where the comment says so; they neither panic nor block.
type Config struct {
	Minimal          bool // as Options.Minimal
	Traces           bool // there is an Options.TraceFunc
	Schemes          bool // http is told from https
	ExcludeByDefault bool // Options.Exclude is not the user's
	MetricsPath      string

	// Excludes reports, at the begin of each request, whether a path is excluded, and
	// ExcludesTracked whether it is for metrics that were put on the route.
	Excludes, ExcludesTracked func(method, path string) bool
	// Record records an exchange, at the end of each request.
	Record func(x *Exchange, now int64)
	// Label returns the label of a template: the same pointer each time.
	Label func(template string) *string
	// Guess names the route where no router is in sight.
	Guess func(*http.Request) string
	// AskRoute calls an adapter's function for the route, which may panic.
	AskRoute func(f func(*http.Request) string, r *http.Request) string
	// Kind returns the place among InFlight, where there are several.
	Kind func(method string, secure bool) int
	// Expect makes a route known before its first request.
	Expect func(method, template string)
}

// A Metric is recorded for the routes that it is put on.
type Metric struct {
	Engine        *Engine
	Name          string
	CountExcluded bool
	// InProgress finds the gauge to increment; nil if the metric is no gauge.
	InProgress func(x *Exchange) prometheus.Gauge
	// Record records the end, if it is no gauge.
	Record func(x *Exchange, elapsed int64)
}

// processStart is an origin for the monotonic clock: time.Since of it reads
// that clock alone, which is cheaper than time.Now.
var processStart = time.Now()

// Now returns the time in nanoseconds from an arbitrary origin, never 0.
func (s *Shared) Now() int64 {
	if s.Clock != nil {
		return s.Clock() + 1
	}
	return int64(time.Since(processStart)) + 1
}

// Join counts one more place that measures.
func (s *Shared) Join() { s.measuring.Add(1) }

// Nested reports whether several places measure.
func (s *Shared) Nested() bool { return s.measuring.Load() > 1 }

// MustOwn panics if one of the metrics belongs to another registry.
func (e *Engine) MustOwn(metrics ...*Metric) {
	for _, m := range metrics {
		if m.Engine.Shared != e.Shared {
			panic("tacho: Track: the metric " + m.Name + " belongs to another Meter than the first one; track it on its own")
		}
	}
}
