package tacho

import (
	"math"

	"github.com/tacho-go/tacho/internal/hist"
)

// A complaint takes down what is wrong with a field.
type complaint func(field, format string, args ...any)

// checkBounds checks the upper bounds of a histogram.
func checkBounds(field string, bounds []float64, wrong complaint) {
	if len(bounds) == 0 {
		wrong(field, "is empty; leave it nil for the default")
		return
	}
	for i, b := range bounds {
		switch {
		case math.IsNaN(b) || math.IsInf(b, 0) || b <= 0:
			wrong(field, "bound %v is not a positive number (+Inf is added for you)", b)
		case i > 0 && b <= bounds[i-1]:
			wrong(field, "bound %v does not exceed the one before it, %v", b, bounds[i-1])
		}
	}
	if len(bounds) > hist.MaxBuckets {
		wrong(field, "has %d bounds; at most %d are supported", len(bounds), hist.MaxBuckets)
	}
}
