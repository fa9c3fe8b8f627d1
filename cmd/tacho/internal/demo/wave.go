package demo

import (
	"math"
	"time"
)

// wave is the shape of the live traffic, around 1.
func wave(t time.Duration) float64 {
	s := t.Seconds()
	return 1 + .18*math.Sin(2*math.Pi*s/47) + .06*math.Sin(2*math.Pi*s/11)
}

// tide is the shape of the traffic in the history: from a third six hours ago to 1 at the
// start.
func tide(ago time.Duration) float64 {
	return .55 + .45*math.Cos(math.Pi*ago.Hours()/9)
}
