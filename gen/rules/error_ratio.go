package rules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// errorRatioHigh counts failed requests of a route over five minutes. Too few of them never fire
// it, whatever their ratio.
func errorRatioHigh(o Options) alert {
	failed := counted(o, Requests+`{status=~"`+schema.ErrorStatus+`"}`)
	return alert{
		name:     "TachoErrorRatioHigh",
		severity: Critical,
		summary:  `{{ $value | humanizePercentage }} of the requests to {{ $labels.path }} of {{ $labels.job }} fail.`,
		description: `The service {{ $labels.job }} answered {{ $value | humanizePercentage }} of the requests to ` +
			`{{ $labels.path }} with a status of 500 or above in the last ` + promQL(o.lookBack()) + `. ` +
			`The people who sent them did not get what they asked for. ` +
			`Compare the start with the last deployment and roll that back if they fit; otherwise look at the service's ` +
			`log for this route, and at what the route depends on.`,
		expr: fmt.Sprintf("%s\n  / %s\n  > %s\nand\n%s * %s >= %d",
			failed, counted(o, Requests), number(o.ErrorRatio), failed, number(o.Interval.Seconds()), o.MinErrors),
		hold: 2 * time.Minute,
	}
}

// counted sums a recorded rate over the look-back. Multiplied by the interval, it is the number
// of requests. Sums weight busy periods correctly, and a series that was there for part of the
// time counts for that part.
func counted(o Options, rate string) string {
	return "sum by (job, path) (sum_over_time(" + rate + "[" + promQL(o.lookBack()) + "]))"
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
