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
		summary:  `{{ $value | humanizePercentage }} of the requests to {{ $labels.path }} of {{ $labels.job }} fail.`,
		description: `{{ $value | humanizePercentage }} of the responses of {{ $labels.job }} to {{ $labels.path }} had a status ` +
			`of 500 or above, or a gRPC code such as UNAVAILABLE, in the last ` + promQL(o.lookBack()) + `; ` +
			`the threshold is ` + o.thresholdText(ErrorRatioLimit, "humanizePercentage", percent(o.ErrorRatio)) + `. These requests failed for their clients. ` +
			`If it started with the last deployment, roll that back. Otherwise check the service's log for this route, ` +
			`and the route's dependencies.`,
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
