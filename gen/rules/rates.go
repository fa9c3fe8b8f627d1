package rules

import (
	"strings"
	"time"
)

// ratesMissing finds services whose requests are counted while no rate of them
// is recorded: every other alert on requests has nothing to evaluate then, and
// is silent whatever happens.
func ratesMissing(o Options) alert {
	var counted []string
	for _, s := range o.Schemas {
		if expr := (reading{Options: o, schema: s}).counting(); expr != "" {
			counted = append(counted, expr)
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
	if len(counted) > 0 {
		a.expr = "(" + strings.Join(counted, "\nor ") + ")\nunless on (job) " + JobRequests
	}
	return a
}

// counting is how many series of requests a job has.
func (in reading) counting() string {
	f, suffix := in.schema.Counter()
	if f.Name == "" {
		return ""
	}
	picked := in.schema.Select(f, in.Schemas)
	return "count by (job) (" + series(f.Name+suffix, matchers(picked)) + ")" + beside(picked)
}
