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
		texts: texts{`Alerts on requests of {{ $labels.job }} have no data.`,
			`The service {{ $labels.job }} counts its requests, but their rate cannot be computed: ` +
				`alerts on errors, latency and traffic cannot fire, and the page has no numbers. ` +
				`A rate needs two samples in its window. Most likely the service is scraped, or pushes its metrics, less often than the rules expect. ` +
				`Shorten the scrape or push interval, or set the rule window to at least four times that interval.`},
		chinese: texts{`关于 {{ $labels.job }} 请求的告警没有数据。`,
			`服务 {{ $labels.job }} 记录了请求数，但无法计算其速率：错误、延迟和流量的告警不会触发，页面上也没有数值。` +
				`计算速率需要窗口内至少有两个样本，多半是该服务的抓取或推送间隔比规则预期的更长。` +
				`请缩短抓取或推送间隔，或将规则的窗口设为该间隔的四倍以上。`},
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
