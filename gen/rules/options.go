package rules

import (
	"time"

	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/schema"
)

// Options defines what the rules cover and when alerts fire. The zero value suits services that
// are scraped every 15 seconds.
type Options struct {
	// Schemas are the schemas to read. nil means all known ones.
	Schemas []schema.Schema
	// Window is the shortest range of a rate: at least two scrapes, preferably four. The default
	// is one minute.
	Window time.Duration
	// Intervals are the scrape intervals of jobs, by the value of the label job. A job that is
	// scraped less often than every 15 seconds gets rates over four of its scrapes. Jobs that are
	// missing here, and series without a job, such as pushed ones, are read like the slowest
	// job. The default is none: every job has Window.
	Intervals map[string]time.Duration
	// Interval is the evaluation interval. The alerts use it to count requests, so do not change
	// it in the generated file. The default is 15 seconds.
	Interval time.Duration

	// ErrorRatio is the ratio of failed requests, from 0 to 1, above which TachoErrorRatioHigh
	// fires. The default is 0.05.
	ErrorRatio float64
	// MinErrors is how many requests must have failed in five minutes for the ratio to matter: a
	// single failure at night does not fire the alert. The default is 5.
	MinErrors int
	// Latency is the 95th percentile at which TachoLatencyHigh fires. The default is one second.
	Latency time.Duration
	// MinRequests is how many requests must have been served in five minutes for the percentile
	// to matter. The default is 20.
	MinRequests int

	// Speedup divides the time for which a condition must hold and the time that alerts look back,
	// so that a demo shows in seconds what takes minutes. The default is 1.
	Speedup float64
	// RunbookURL is the location of the alerts' pages: the name of the alert and ".md" are
	// appended. The default is "docs/alerts/", as in the sources.
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
	fill(&o.Speedup, 1)
	fill(&o.RunbookURL, "docs/alerts/")
	return o
}

func fill[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// scaled divides a time by Speedup, in whole seconds.
func (o Options) scaled(d time.Duration) time.Duration {
	return max(time.Duration(float64(d)/o.Speedup).Round(time.Second), time.Second)
}

// lookBack is the range over which alerts count requests: long enough for at least one earlier
// evaluation at any speedup.
func (o Options) lookBack() time.Duration {
	return max(o.scaled(5*time.Minute), 2*o.Interval)
}

// promQL formats a duration for PromQL and Prometheus's files.
func promQL(d time.Duration) string { return model.Duration(d).String() }
