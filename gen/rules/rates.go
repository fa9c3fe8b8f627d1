package rules

import (
	"strings"
	"time"
)

// ratesMissing finds services that count requests while no rate of them is recorded. Every other
// alert on requests then has no data and never fires.
func ratesMissing(o Options) alert {
	var counters []string
	for _, s := range o.Schemas {
		if expr := (schemaRules{Options: o, schema: s}).requestSeries(); expr != "" {
			counters = append(counters, expr)
		}
	}
	a := alert{
		name:     "TachoRatesMissing",
		severity: Warning,
		summary:  `The alerts on the requests of {{ $labels.job }} have no data.`,
		description: `The service {{ $labels.job }} counts its requests, but no rate of them can be computed: ` +
			`alerts on its errors, latency and traffic cannot fire, and its numbers are missing. ` +
			`A rate needs two samples in its window: most likely the service is scraped, or pushes its metrics, less often than the rules expect. ` +
			`Shorten that interval, or make the window of the rules at least four times as long.`,
		hold: max(10*time.Minute, 4*o.slowest()),
	}
	if len(counters) > 0 {
		a.expr = "(" + strings.Join(counters, "\nor ") + ")\nunless on (job) " + JobRequests
	}
	return a
}

// requestSeries returns the number of series that count a job's requests.
func (in schemaRules) requestSeries() string {
	f, suffix := in.schema.Counter()
	if f.Name == "" {
		return ""
	}
	picked := in.schema.Select(f, in.Schemas)
	return "count by (job) (" + series(f.Name+suffix, matchers(picked)) + ")" + onlyJobs(picked)
}
