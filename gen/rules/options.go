package rules

import (
	"time"

	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/verdict"
)

// Options set what the rules cover and when alerts fire. The zero value is
// right for services that are scraped every 15 seconds.
type Options struct {
	// Schemas are the schemas to read. The default, nil, is all known schemas.
	Schemas []schema.Schema
	// Window is the shortest window of a rate: at least two scrapes, better four.
	// The default is one minute.
	Window time.Duration
	// Intervals are the scrape intervals of jobs, by the value of the label job.
	// The rate window of a job with an interval above 15 seconds is four scrapes.
	// Jobs that are not listed here, and the job "", such as pushed metrics, use
	// the longest interval. The default is none: every job uses Window.
	Intervals map[string]time.Duration
	// Interval is how often the rules are evaluated. The alerts count
	// requests by it, so it must not be changed in the file afterwards. The
	// default is 15 seconds.
	Interval time.Duration

	// ErrorRatio is the share of failed requests, from 0 to 1, above which
	// TachoErrorRatioHigh fires. The default is 0.05.
	ErrorRatio float64
	// MinErrors is how many requests must fail in five minutes before the alert
	// can fire: a single failure at night does not. The default is a quarter of
	// MinRequests.
	MinErrors int
	// Latency is the 95th percentile at which TachoLatencyHigh fires. The
	// default is one second.
	Latency time.Duration
	// MinRequests is how many requests must be served in five minutes before
	// TachoLatencyHigh can fire. The default is 20.
	MinRequests int
	// Limits are different limits of services and routes. The default is none.
	Limits []Limit

	// Speedup is the time scale of the alerts: it divides their for and their
	// look-back, so that a demo shows in seconds what takes minutes. The default
	// is 1.
	Speedup float64
	// RunbookURL is the prefix of the runbooks' addresses: the name of the alert
	// and ".md" are appended. The default is "docs/alerts/", where they are in
	// the repository.
	RunbookURL string
}

func (o Options) filled() Options {
	if o.Schemas == nil {
		o.Schemas = schema.Known()
	}
	fill(&o.Window, time.Minute)
	fill(&o.Interval, 15*time.Second)
	fill(&o.ErrorRatio, 0.05)
	fill(&o.Latency, time.Second)
	fill(&o.MinRequests, 20)
	fill(&o.MinErrors, quarter(o.MinRequests))
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

// scaled divides a duration by Speedup, rounded to seconds.
func (o Options) scaled(d time.Duration) time.Duration {
	return max(time.Duration(float64(d)/o.Speedup).Round(time.Second), time.Second)
}

// lookBack is the window over which alerts count requests: long enough for one
// earlier evaluation at any time scale.
func (o Options) lookBack() time.Duration {
	return max(o.scaled(5*time.Minute), 2*o.Interval)
}

// promQL writes a duration as PromQL and Prometheus's files do.
func promQL(d time.Duration) string { return model.Duration(d).String() }

// Verdict returns the options with which package verdict reads these rules: the same limits and
// windows.
func (o Options) Verdict() verdict.Options {
	o = o.filled()
	spans := make(map[string]time.Duration, len(o.Intervals))
	for job, interval := range o.Intervals {
		spans[job] = o.windowFor(interval)
	}
	longest := o.windowFor(o.slowest())
	limits, different := o.limits()
	return verdict.Options{
		Limits: limits, Exceptions: different,
		Interval: o.Interval, Window: longest, LookBack: o.lookBack(),
		WindowOf: func(job string) time.Duration {
			if w, ok := spans[job]; ok {
				return w
			}
			return longest
		},
	}
}
