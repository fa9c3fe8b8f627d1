package top

import (
	"math"
	"time"
)

// An instance is one URL, over time.
type instance struct {
	url     string
	asked   time.Time // when the last scrape began, whatever came of it
	last    *Reading  // nil before the first
	problem string    // of the last scrape; "" if it went well
	steps   []step    // the oldest first
}

// take adds a reading. Steps older than the window are forgotten; the last one
// always stays.
func (i *instance) take(r Reading, window time.Duration) {
	i.asked, i.problem = r.At, ""
	switch {
	case r.Schema == "":
		i.problem = "it has no HTTP metrics that are known, or has had no request yet"
	case i.last != nil && (i.last.Schema == r.Schema || i.last.Schema == ""): // "": all series were born meanwhile
		i.steps = append(i.steps, between(*i.last, r))
	default: // the names have changed: nothing can be compared
		i.steps = nil
	}
	i.last = &r
	for len(i.steps) > 1 && r.At.Sub(i.steps[0].to) >= window {
		i.steps = i.steps[1:]
	}
}

func (i *instance) fail(at time.Time, problem string) { i.asked, i.problem = at, problem }

// answers: it counts for the table.
func (i *instance) answers() bool { return i.last != nil && i.problem == "" }

// span is how long its steps took together.
func (i *instance) span() time.Duration {
	if len(i.steps) == 0 {
		return 0
	}
	return i.steps[len(i.steps)-1].to.Sub(i.steps[0].from)
}

// perSecond makes rates of what was counted in a time; NaN without one.
func perSecond(d time.Duration) float64 {
	if d <= 0 {
		return math.NaN()
	}
	return 1 / d.Seconds()
}
