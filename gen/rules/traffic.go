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
		texts: texts{`{{ $labels.job }} no longer receives requests.`,
			`The service {{ $labels.job }} is up and had traffic for most of the last ` + promQL(hour) + `, ` +
				`but none in the last minutes. Requests probably fail before they reach it. ` +
				`Send one to an instance, then one to the public address, to find where they fail. ` +
				`Check the load balancer, DNS, certificates and the clients' latest release.`},
		chinese: texts{`{{ $labels.job }} 不再收到请求。`,
			`服务 {{ $labels.job }} 正常运行，最近 ` + promQL(hour) + ` 的大部分时间都有流量，但最近几分钟没有。请求多半在到达该服务之前就失败了。` +
				`请先向一个实例发送请求，再向公开地址发送，找出在哪一段失败；` +
				`并检查负载均衡、DNS、证书以及客户端最近的发布。`},
		expr: fmt.Sprintf("sum_over_time((%s > bool 0)[%s:%s]) >= %d\nunless on (job) %s > 0\nand on (job) max by (job) (up) == 1",
			JobRequests, promQL(hour), promQL(minute), hour/minute/2, JobRequests),
		hold: 10 * time.Minute,
	}
}
