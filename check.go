package tacho

import (
	"math"

	"github.com/tacho-go/tacho/internal/hist"
)

// A complaint reports a problem of a field, or of a part of it, such as [3] or .Name; "" means all
// of it.
type complaint func(part, format string, args ...any)

// of reports problems of a part.
func (wrong complaint) of(above string) complaint {
	return func(part, format string, args ...any) { wrong(above+part, format, args...) }
}

// checkBounds checks the upper bounds of a histogram.
func checkBounds(bounds []float64, wrong complaint) {
	if len(bounds) == 0 {
		wrong("", "is empty; leave it nil for the default")
		return
	}
	for i, b := range bounds {
		switch {
		case math.IsNaN(b) || math.IsInf(b, 0) || b <= 0:
			wrong("", "bound %v is not a positive number (+Inf is added for you)", b)
		case i > 0 && b <= bounds[i-1]:
			wrong("", "bound %v does not exceed the one before it, %v", b, bounds[i-1])
		}
	}
	if len(bounds) > hist.MaxBuckets {
		wrong("", "has %d bounds; at most %d are supported", len(bounds), hist.MaxBuckets)
	}
}
