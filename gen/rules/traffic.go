package rules

import (
	"fmt"
	"time"
)

// trafficGone requires traffic in at least half of the last hour's minutes: an hourly
// job, or a service with an occasional request, is normally quiet, and a new service
// has no history.
func trafficGone(o Options) alert {
	hour, minute := o.scaled(time.Hour), max(o.scaled(time.Minute), o.Interval)
	return alert{
		name:     "TachoTrafficGone",
		severity: Critical,
		summary:  `{{ $labels.job }} no longer receives requests.`,
		description: `The service {{ $labels.job }} is up and had traffic for most of the last ` + promQL(hour) + `, ` +
			`but none in the last minutes. Requests probably fail before they reach it. ` +
			`Send one to an instance, then one to the public address, to find where they fail. ` +
			`Check the load balancer, DNS, certificates and the clients' latest release.`,
		expr: fmt.Sprintf("sum_over_time((%s > bool 0)[%s:%s]) >= %d\nunless on (job) %s > 0\nand on (job) max by (job) (up) == 1",
			JobRequests, promQL(hour), promQL(minute), hour/minute/2, JobRequests),
		hold: 10 * time.Minute,
	}
}
