package rules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// errorRatioHigh compares the failed requests of a route with all of them over five
// minutes. A few failures never fire it, whatever their share.
func errorRatioHigh(o Options) alert {
	failed := counted(o, Requests+`{status=~"`+schema.ErrorStatus+`"}`)
	return alert{
		name:     "TachoErrorRatioHigh",
		severity: Critical,
		texts: texts{`{{ $value | humanizePercentage }} of the requests to {{ $labels.path }} of {{ $labels.job }} fail.`,
			`{{ $value | humanizePercentage }} of the responses of {{ $labels.job }} to {{ $labels.path }} had a status ` +
				`of 500 or above, or a gRPC code such as UNAVAILABLE, in the last ` + promQL(o.lookBack()) + `; ` +
				`the threshold is ` + o.thresholdText(ErrorRatioLimit, "humanizePercentage", percent(o.ErrorRatio)) + `. These requests failed for their clients. ` +
				`If it started with the last deployment, roll that back. Otherwise check the service's log for this route, ` +
				`and the route's dependencies.`},
		chinese: texts{`{{ $labels.job }} 的 {{ $labels.path }} 有 {{ $value | humanizePercentage }} 的请求失败。`,
			`最近 ` + promQL(o.lookBack()) + ` 内，{{ $labels.job }} 对 {{ $labels.path }} 的响应中有 {{ $value | humanizePercentage }} 的状态码不低于 500，` +
				`或为 UNAVAILABLE 之类的 gRPC 错误码；阈值为 ` + o.thresholdText(ErrorRatioLimit, "humanizePercentage", percent(o.ErrorRatio)) + `。对客户端来说，这些请求都失败了。` +
				`如果是在上次部署后开始的，请先回滚；否则请查看该服务中此路由的日志，以及它所依赖的服务。`},
		expr: fmt.Sprintf("%s\n  / %s\n  > %s\nand\n%s * %s >= %s",
			failed, counted(o, Requests), o.threshold(ErrorRatioLimit, o.ErrorRatio),
			failed, number(o.Interval.Seconds()), o.threshold(MinErrors, float64(o.MinErrors))),
		hold: 2 * time.Minute,
	}
}

// counted sums a recorded rate over the look-back. Multiplied by the interval, the
// sum is the number of requests. A sum weighs busy moments correctly, and a series
// that existed only part of the time counts for that part.
func counted(o Options, rate string) string {
	return "sum by (job, path) (sum_over_time(" + rate + "[" + promQL(o.lookBack()) + "]))"
}

func percent(ratio float64) string { return strconv.FormatFloat(100*ratio, 'g', 6, 64) + "%" }

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
