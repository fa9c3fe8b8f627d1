package rules

import (
	"fmt"
	"time"
)

// latencyHigh compares with >=, not with >: a percentile beyond the highest
// bucket is reported as that bucket's bound, which may equal the threshold.
func latencyHigh(o Options) alert {
	return alert{
		name:     "TachoLatencyHigh",
		severity: Warning,
		summary:  `Requests to {{ $labels.path }} of {{ $labels.job }} are slow: p95 {{ $value | humanizeDuration }}.`,
		description: `The p95 latency of {{ $labels.path }} of {{ $labels.job }} was {{ $value | humanizeDuration }} ` +
			`over the last ` + promQL(o.lookBack()) + `; the threshold is ` + o.thresholdText(LatencyLimit, "humanizeDuration", o.Latency.String()) + `. ` +
			`5 % of the requests take that long or longer. ` +
			`Check whether one instance is slow or all are: one points to its machine, all point to a shared dependency ` +
			`such as a database or another service. Then check for unusual traffic or a recent deployment.`,
		expr: fmt.Sprintf("histogram_quantile(0.95, sum by (job, path, le) (sum_over_time(%s[%s])))\n  >= %s\nand\n%s * %s >= %s",
			Buckets, promQL(o.lookBack()), o.threshold(LatencyLimit, o.Latency.Seconds()),
			counted(o, Buckets+`{le="+Inf"}`), number(o.Interval.Seconds()), o.threshold(MinRequests, float64(o.MinRequests))),
		hold: 5 * time.Minute,
	}
}
