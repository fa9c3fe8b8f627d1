// Package guard gathers from collectors that may panic or hang: a faulty one costs
// a scrape its own metrics only. It knows client_golang, and nothing of what tacho
// itself counts; the root package uses it.
package guard

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A Reason is why metrics are missing in a scrape.
type Reason int

// The reasons.
const (
	Invalid  Reason = iota // the collector gave something that is no valid metric
	Panic                  // it panicked
	Timeout                // it took too long
	Refused                // there were too many scrapes at the same time
	Conflict               // what it gave has the name of one of tacho's own
	Reasons                // how many there are
)

// ReasonNames are the values of the reason label.
var ReasonNames = [Reasons]string{"invalid", "panic", "timeout", "refused", "conflict"}

// A Registerer registers collectors such that a broken one costs a scrape no more
// than its own metrics.
type Registerer struct {
	prometheus.Registerer

	// Timeout is how long a collector may take.
	Timeout time.Duration

	// Fail is told why metrics of a collector are missing in a scrape.
	Fail func(r Reason, collector string, why any)

	// Refuse makes the error of a registry that does not take a collector.
	Refuse func(prometheus.Collector, error) error
}

// Register implements prometheus.Registerer.
func (g Registerer) Register(c prometheus.Collector) error {
	inner, layers := unwrapped(c)
	if err := describable(inner); err != nil {
		return err
	}
	safe := &collector{Collector: inner, registerer: g}
	outer := rewrapped(safe, layers)
	safe.name = nameOf(outer, inner)
	err := g.Registerer.Register(outer)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if there, ok := already.ExistingCollector.(*collector); ok {
			already.ExistingCollector = there.Collector
		}
		already.NewCollector = c
		return already
	}
	if err != nil {
		return g.Refuse(outer, err)
	}
	return nil
}

// MustRegister implements prometheus.Registerer.
func (g Registerer) MustRegister(all ...prometheus.Collector) { MustRegister(g, all) }

// A collector collects from another one that may panic or hang. Registries know a
// collector by what it describes, so that this one takes its place in all they do.
type collector struct {
	prometheus.Collector
	registerer Registerer
	name       string       // in error messages
	given      atomic.Int32 // collections that were given up and are still under way
}

// Collect implements prometheus.Collector.
func (g *collector) Collect(ch chan<- prometheus.Metric) {
	if g.given.Load() > 0 {
		g.registerer.Fail(Timeout, g.name, "it still hangs")
		return
	}
	metrics := make(chan prometheus.Metric, 256)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer close(metrics)
		g.collect(metrics)
	}()
	g.forward(metrics, ch, finished)
}

// collect has the collector's metrics written here, where it can be waited for
// and may panic: functions of the user's (prometheus.GaugeFunc) run when a
// metric is written, not when it is collected.
func (g *collector) collect(to chan<- prometheus.Metric) {
	raw := make(chan prometheus.Metric, 256)
	go func() {
		defer close(raw)
		defer g.recoverPanic()
		g.Collector.Collect(raw)
	}()
	for m := range raw {
		if w := g.write(m); w != nil {
			to <- w
		}
	}
}

func (g *collector) write(m prometheus.Metric) *writtenMetric {
	defer g.recoverPanic()
	w := &writtenMetric{desc: m.Desc()}
	w.err = m.Write(&w.data)
	return w
}

func (g *collector) recoverPanic() {
	if v := recover(); v != nil {
		g.registerer.Fail(Panic, g.name, v)
	}
}

// A writtenMetric is a metric that cannot fail any more.
type writtenMetric struct {
	desc *prometheus.Desc
	data dto.Metric
	err  error
}

// Desc implements prometheus.Metric.
func (w *writtenMetric) Desc() *prometheus.Desc { return w.desc }

// Write implements prometheus.Metric.
func (w *writtenMetric) Write(out *dto.Metric) error {
	out.Label, out.TimestampMs = w.data.Label, w.data.TimestampMs
	out.Gauge, out.Counter, out.Summary = w.data.Gauge, w.data.Counter, w.data.Summary
	out.Untyped, out.Histogram = w.data.Untyped, w.data.Histogram
	return w.err
}

// forward passes metrics on until the collector has finished or its time is up.
// What comes later is thrown away, so that the collector can finish.
func (g *collector) forward(from <-chan prometheus.Metric, to chan<- prometheus.Metric, finished <-chan struct{}) {
	late := time.NewTimer(g.registerer.Timeout)
	defer late.Stop()
	for {
		select {
		case m, ok := <-from:
			if !ok {
				return
			}
			to <- m
		case <-late.C:
			g.registerer.Fail(Timeout, g.name, "it took too long")
			g.given.Add(1)
			go func() {
				defer g.given.Add(-1)
				for range from {
				}
				<-finished
			}()
			return
		}
	}
}

// MustRegister registers collectors, and panics for the first that is refused.
func MustRegister(r prometheus.Registerer, all []prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}
