package slo

import (
	"cmp"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// Options set how objectives are measured. The zero value is right for services that are scraped every
// 15 seconds.
type Options struct {
	// Schemas are the schemas that services may follow. The default, nil, is all known schemas.
	Schemas []schema.Schema
	// SchemasFunc returns those of Schemas in whose names a service has series, see [Series]. Its rules read
	// no others. The default, and for a service with none of them: all Schemas.
	SchemasFunc func(service string) []schema.Schema
	// BoundsFunc returns the bucket bounds, in seconds, of a service whose histogram has none at the limit of
	// a latency objective, see [Objective.Buckets]. The rules then record the nearest ones. The default: none.
	BoundsFunc func(Objective) []float64
	// Interval is how often the rules are evaluated; the sums over more than an hour are evaluated every
	// fourth time. The default is 15 seconds.
	Interval time.Duration
	// Window is the shortest window of a rate: at least two scrapes, better four. The default is
	// one minute.
	Window time.Duration
	// Intervals are the scrape intervals of jobs, by the value of the label job. The rate window of a
	// job is at least four of them. The default is none: every job uses Window.
	Intervals map[string]time.Duration
	// MinBad is how many events must be bad in the long window before an alert can fire, so that one
	// or two failures at night do not. The default is 5.
	MinBad int
	// Missing is how long an objective may have no data before an alert fires. The default is ten
	// minutes.
	Missing time.Duration
	// Routes also records which routes spent the budget. That needs the recording rules of package
	// rules in the same Prometheus.
	Routes bool
	// RunbookURL is the prefix of the runbooks' addresses: the name of the alert and ".md" are
	// appended. The default is "docs/alerts/", where they are in the repository.
	RunbookURL string
}

func (o Options) filled() Options {
	if o.Schemas == nil {
		o.Schemas = schema.Known()
	}
	o.Interval = cmp.Or(o.Interval, 15*time.Second)
	o.Window = cmp.Or(o.Window, time.Minute)
	o.MinBad = cmp.Or(o.MinBad, 5)
	o.Missing = cmp.Or(o.Missing, 10*time.Minute)
	o.RunbookURL = cmp.Or(o.RunbookURL, "docs/alerts/")
	return o
}

// used are the schemas whose names the rules of a service read.
func (o Options) used(service string) []schema.Schema {
	if o.SchemasFunc != nil {
		if used := o.SchemasFunc(service); len(used) > 0 {
			return used
		}
	}
	return o.Schemas
}

// base is the rate window of a job: four scrapes, so that a missed scrape does not lose the rate.
func (o Options) base(job string) time.Duration { return max(o.Window, 4*o.Intervals[job]) }

// coarse is how often long windows are computed.
func (o Options) coarse() time.Duration { return 4 * o.Interval }
