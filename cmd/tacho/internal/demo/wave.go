package demo

import (
	"math"
	"time"
)

// wave is the traffic's shape in the minutes that one watches, around 1.
func wave(t time.Duration) float64 {
	s := t.Seconds()
	return 1 + .18*math.Sin(2*math.Pi*s/47) + .06*math.Sin(2*math.Pi*s/11)
}

// tide is the shape of the hours before, which ends at 1 so that the past
// joins the present: a third of the traffic six hours ago, as on a morning.
func tide(ago time.Duration) float64 {
	return .55 + .45*math.Cos(math.Pi*ago.Hours()/9)
}
