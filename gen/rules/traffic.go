package rules

import (
	"fmt"
	"time"
)

// trafficGone requires traffic in at least half of the last hour's minutes: an hourly job, or a
// service with occasional requests, is quiet by nature, and nothing is known about a new one.
func trafficGone(o Options) alert {
	hour, minute := o.scaled(time.Hour), max(o.scaled(time.Minute), o.Interval)
	return alert{
		name:     "TachoTrafficGone",
		severity: Critical,
		summary:  `{{ $labels.job }} gets no requests any more.`,
		description: `The service {{ $labels.job }} is up and had traffic for most of the last ` + promQL(hour) + `, ` +
			`but none in the last minutes. Requests are probably lost before they reach it. ` +
			`Send one yourself, first to an instance, then to the public address: between the two is the fault. ` +
			`Look at the load balancer, DNS, certificates and the clients' last release.`,
		expr: fmt.Sprintf("sum_over_time((%s > bool 0)[%s:%s]) >= %d\nunless on (job) %s > 0\nand on (job) max by (job) (up) == 1",
			JobRequests, promQL(hour), promQL(minute), hour/minute/2, JobRequests),
		hold: 10 * time.Minute,
	}
}
