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
		texts: texts{`Requests to {{ $labels.path }} of {{ $labels.job }} are slow: p95 {{ $value | humanizeDuration }}.`,
			`The p95 latency of {{ $labels.path }} of {{ $labels.job }} was {{ $value | humanizeDuration }} ` +
				`over the last ` + promQL(o.lookBack()) + `; the threshold is ` + o.thresholdText(LatencyLimit, "humanizeDuration", o.Latency.String()) + `. ` +
				`5% of the requests take that long or longer. ` +
				`Check whether one instance is slow or all are: one points to its machine, all point to a shared dependency ` +
				`such as a database or another service. Then check for unusual traffic or a recent deployment.`},
		chinese: texts{`{{ $labels.job }} 的 {{ $labels.path }} 响应缓慢：p95 为 {{ $value | humanizeDuration }}。`,
			`最近 ` + promQL(o.lookBack()) + ` 内，{{ $labels.job }} 的 {{ $labels.path }} 的 p95 延迟为 {{ $value | humanizeDuration }}；` +
				`阈值为 ` + o.thresholdText(LatencyLimit, "humanizeDuration", o.Latency.String()) + `。有 5% 的请求耗时不低于此值。` +
				`请先确认是一个实例慢还是全部都慢：只有一个慢，问题多半在那台机器；全部都慢，问题多半在共同的依赖，例如数据库或其他服务。` +
				`再检查流量是否异常、最近是否有部署。`},
		expr: fmt.Sprintf("histogram_quantile(0.95, sum by (job, path, le) (sum_over_time(%s[%s])))\n  >= %s\nand\n%s * %s >= %s",
			Buckets, promQL(o.lookBack()), o.threshold(LatencyLimit, o.Latency.Seconds()),
			counted(o, Buckets+`{le="+Inf"}`), number(o.Interval.Seconds()), o.threshold(MinRequests, float64(o.MinRequests))),
		hold: 5 * time.Minute,
	}
}
