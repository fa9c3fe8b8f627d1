// Package guard gathers from collectors that may panic or hang: a faulty one only loses its own
// metrics. The root package uses it. It must not depend on tacho's own metrics.
package guard

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A Reason is the cause of metrics missing from a scrape.
type Reason int

// The reasons.
const (
	Invalid  Reason = iota // the collector returned an invalid metric
	Panic                  // it panicked
	Timeout                // it took too long
	Refused                // too many concurrent scrapes
	Conflict               // its metric has the name of one of tacho's own
	Reasons                // the number of reasons
)

// ReasonNames are the values of the reason label.
var ReasonNames = [Reasons]string{"invalid", "panic", "timeout", "refused", "conflict"}

// A Registerer registers collectors so that a faulty one only loses its own metrics in a scrape.
type Registerer struct {
	prometheus.Registerer

	// Timeout is the time limit of a collector.
	Timeout time.Duration

	// Fail is called with the cause if metrics of a collector are missing from a scrape.
	Fail func(r Reason, collector string, why any)

	// Refuse returns the error for a collector that the registry rejects.
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

// A collector wraps one that may panic or hang. Registries identify a collector by its descriptors,
// so the wrapper replaces it everywhere.
type collector struct {
	prometheus.Collector
	registerer Registerer
	name       string       // in error messages
	given      atomic.Int32 // abandoned collections that are still running
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

// collect writes the collector's metrics here, where it can time out and may panic: the user's
// functions (prometheus.GaugeFunc) run when a metric is written, not when it is collected.
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

// A writtenMetric is a metric that can no longer fail.
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

// forward passes metrics on until the collector has finished or its time limit is over. Later ones
// are discarded, so that the collector can finish.
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

// MustRegister registers collectors, and panics for the first one that is rejected.
func MustRegister(r prometheus.Registerer, all []prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}
