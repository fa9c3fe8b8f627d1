package rules

import (
	"fmt"
	"time"
)

// latencyHigh compares with >= instead of >: a percentile above the highest bucket is reported
// as that bucket's bound, which may be the threshold.
func latencyHigh(o Options) alert {
	return alert{
		name:     "TachoLatencyHigh",
		severity: Warning,
		summary:  `Requests to {{ $labels.path }} of {{ $labels.job }} are slow: one in twenty takes {{ $value | humanizeDuration }} or longer.`,
		description: `The 95th percentile of {{ $labels.path }} of {{ $labels.job }} has been {{ $value | humanizeDuration }} ` +
			`over the last ` + promQL(o.lookBack()) + `; the limit is ` + o.Latency.String() + `. ` +
			`One request in twenty takes that long or longer. ` +
			`See whether one instance is slow or all are: one points at that machine, all at something they share, ` +
			`such as a database or another service. More traffic than usual, or a deployment, are the next things to look for.`,
		expr: fmt.Sprintf("histogram_quantile(0.95, sum by (job, path, le) (sum_over_time(%s[%s])))\n  >= %s\nand\n%s * %s >= %d",
			Buckets, promQL(o.lookBack()), number(o.Latency.Seconds()),
			counted(o, Buckets+`{le="+Inf"}`), number(o.Interval.Seconds()), o.MinRequests),
		hold: 5 * time.Minute,
	}
}
