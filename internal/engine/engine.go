// Package engine measures requests from beginning to end: it defines what an exchange is, watches
// responses on net/http, and finds the exchange of a handler. At the end it records the outcome in
// a store. Only packages tacho and adapter may import it. It must not depend on options, exposition
// formats, or any framework.
package engine

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/store"
)

// Of returns the engine of a *tacho.Meter, and MetricOf that of a *tacho.Metric. Package tacho sets
// them; package adapter calls them when an adapter is set up, never for a request.
var (
	Of       func(meter any) *Engine
	MetricOf func(metric any) *Metric
)

// An Engine measures the requests of one Meter.
type Engine struct {
	*Shared
	Config
}

// Shared is the state that Meters on one registry share. Its address is their identity.
type Shared struct {
	Watches  bool                      // requests in flight, and streams
	Defaults atomic.Pointer[[]*Metric] // by Meter.RegisterDefault
	Clock    func() int64              // set in tests only

	measuring atomic.Int32 // the number of measuring places
}

// Config is the configuration of an Engine. Its functions call those of the user and recover their
// panics.
type Config struct {
	Store            *store.Store
	Minimal          bool // as Options.Minimal
	OmitHTTP         bool // as Options.OmitHTTP
	ExcludeByDefault bool // Options.Exclude.Paths is the default
	MetricsPath      string

	// ExcludeFunc is nil without Options.Exclude.Func, and Trace without Options.TraceFunc.
	ExcludeFunc func(method, path string) bool
	Trace       func(context.Context) (traceID, spanID string)
	// Variant returns the route under which a request is recorded, if labels depend on requests;
	// otherwise it is nil.
	Variant func(x *Exchange, r *store.Route) *store.Route
	// Guess returns the route if no router reports one.
	Guess func(*http.Request) string
	// AskRoute calls an adapter's route function.
	AskRoute func(f func(*http.Request) string, r *http.Request) string
}

// A Metric is recorded for the routes that it is put on.
type Metric struct {
	Engine        *Engine
	Name          string
	CountExcluded bool
	// InProgress finds the gauge to increment; nil if the metric is not a gauge.
	InProgress func(x *Exchange) prometheus.Gauge
	// Record records the end, if the metric is not a gauge.
	Record func(x *Exchange, elapsed int64)
}

// processStart is an origin for the monotonic clock: time.Since reads only that clock, which is
// cheaper than time.Now.
var processStart = time.Now()

// Now returns the time in nanoseconds from an arbitrary origin, never 0.
func (s *Shared) Now() int64 {
	if s.Clock != nil {
		return s.Clock() + 1
	}
	return int64(time.Since(processStart)) + 1
}

// Join registers one more place that measures.
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

// enter and leave count requests in flight.
func (e *Engine) enter(x *Exchange) { x.flight = e.Store.Enter(x.method, x.secure, x.number) }

func (e *Engine) leave(x *Exchange) { e.Store.Leave(x.flight, x.number) }

// Unmatched is the route of requests for which the router found none, unknown that of requests for
// which no router reports one.
const (
	Unmatched = "unmatched"
	unknown   = "unknown"
)
