package rules

import (
	"strings"
	"time"
)

// ratesMissing finds services that count requests but have no recorded rate: all other
// alerts on requests then have no data and cannot fire.
func ratesMissing(o Options) alert {
	var counted []string
	for _, s := range o.Schemas {
		if expr := (recorder{Options: o, schema: s}).counting(); expr != "" {
			counted = append(counted, expr)
		}
	}
	a := alert{
		name:     "TachoRatesMissing",
		severity: Warning,
		summary:  `Alerts on requests of {{ $labels.job }} have no data.`,
		description: `The service {{ $labels.job }} counts its requests, but their rate cannot be computed: ` +
			`alerts on errors, latency and traffic cannot fire, and the page has no numbers. ` +
			`A rate needs two samples in its window. Most likely the service is scraped, or pushes its metrics, less often than the rules expect. ` +
			`Shorten the scrape or push interval, or set the rule window to at least four times that interval.`,
		hold: max(10*time.Minute, 4*o.slowest()),
	}
	if len(counted) > 0 {
		a.expr = "(" + strings.Join(counted, "\nor ") + ")\nunless on (job) " + JobRequests
	}
	return a
}

// counting is the number of request series per job.
func (in recorder) counting() string {
	f, suffix := in.schema.Counter()
	if f.Name == "" {
		return ""
	}
	picked := in.schema.Select(f, in.Schemas)
	return "count by (job) (" + series(f.Name+suffix, matchers(picked)) + ")" + beside(picked)
}
