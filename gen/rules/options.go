package rules

import (
	"time"

	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/schema"
)

// Options says what the rules cover and when alerts fire. The zero value is
// right for services that are scraped every 15 seconds.
type Options struct {
	// Schemas are the schemas to read. nil stands for all that are known.
	Schemas []schema.Schema
	// Window is the shortest span of a rate: at least two scrapes, better four.
	// The default is one minute.
	Window time.Duration
	// Intervals are how often jobs are scraped, by the value of the label
	// job. The rates of a job that is scraped more seldom than every 15 seconds
	// span four of its scrapes. Jobs that are not named here, and those of the
	// name "", such as what is pushed, are read as the slowest of all. The
	// default is none: every job has Window.
	Intervals map[string]time.Duration
	// Interval is how often the rules are evaluated. The alerts count
	// requests by it, so it must not be changed in the file afterwards. The
	// default is 15 seconds.
	Interval time.Duration

	// ErrorRatio is the share of failed requests, from 0 to 1, above which
	// TachoErrorRatioHigh fires. The default is 0.05.
	ErrorRatio float64
	// MinErrors is how many requests must have failed in five minutes for the
	// share to count: a single failure at night is none. The default is 5.
	MinErrors int
	// Latency is the 95th percentile from which on TachoLatencyHigh fires. The
	// default is one second.
	Latency time.Duration
	// MinRequests is how many requests must have been served in five minutes
	// for the percentile to count. The default is 20.
	MinRequests int

	// Haste divides the time for which a condition must hold and the time that
	// alerts look back, so that a demonstration shows in seconds what takes
	// minutes. The default is 1.
	Haste float64
	// RunbookURL is where the pages of the alerts are: the name of the alert
	// and ".md" are appended. The default is "docs/alerts/", which is where
	// they are in the sources.
	RunbookURL string
}

func (o Options) filled() Options {
	if o.Schemas == nil {
		o.Schemas = schema.Known()
	}
	fill(&o.Window, time.Minute)
	fill(&o.Interval, 15*time.Second)
	fill(&o.ErrorRatio, 0.05)
	fill(&o.MinErrors, 5)
	fill(&o.Latency, time.Second)
	fill(&o.MinRequests, 20)
	fill(&o.Haste, 1)
	fill(&o.RunbookURL, "docs/alerts/")
	return o
}

func fill[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// hasten shortens a time by Haste, to whole seconds.
func (o Options) hasten(d time.Duration) time.Duration {
	return max(time.Duration(float64(d)/o.Haste).Round(time.Second), time.Second)
}

// lookBack is the span over which alerts count requests: long enough to hold
// an evaluation before this one, however hasty.
func (o Options) lookBack() time.Duration {
	return max(o.hasten(5*time.Minute), 2*o.Interval)
}

// promQL writes a duration as PromQL and Prometheus's files do.
func promQL(d time.Duration) string { return model.Duration(d).String() }
