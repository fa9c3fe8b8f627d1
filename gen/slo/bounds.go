package slo

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// CheckBounds returns an error if a latency objective's limit is not among the bucket bounds, in
// seconds, of the service's classic histogram: requests on both sides of it are then in one bucket.
// The error names the nearest bounds. A native histogram has an answer for any limit.
func (o Objective) CheckBounds(bounds []float64, native bool) error {
	below, above := o.nearest(bounds)
	if native || below == 0 && above == 0 {
		return nil
	}
	return o.wrap(fmt.Errorf("%s is not a bucket bound of %s: the nearest are %s; use one of them, or native histograms", o.HTTP.Below, o.Service, nearest(below, above)))
}

// nearest are the bounds on both sides of a latency objective's limit, 0 for none. Both are 0 if the limit
// is a bound, and without any bounds.
func (o Objective) nearest(bounds []float64) (below, above float64) {
	if o.HTTP == nil || o.HTTP.Below == 0 {
		return 0, 0
	}
	limit := o.HTTP.Below.Seconds()
	for _, b := range slices.Sorted(slices.Values(bounds)) {
		switch {
		case math.Abs(b-limit) < 1e-12:
			return 0, 0
		case b < limit:
			below = b
		case above == 0 && !math.IsInf(b, 1):
			above = b
		}
	}
	return below, above
}

func nearest(below, above float64) string {
	text := func(seconds float64) string { return time.Duration(math.Round(seconds * 1e9)).String() }
	switch {
	case below == 0:
		return text(above)
	case above == 0:
		return text(below)
	}
	return text(below) + " and " + text(above)
}
