package top

import (
	"math"
	"time"
)

// An instance is the state of one URL.
type instance struct {
	url     string
	asked   time.Time // start of the last scrape, successful or not
	last    *Snapshot // nil before the first scrape
	problem string    // of the last scrape; "" if it succeeded
	steps   []step    // the oldest first
}

// take adds a snapshot. It drops steps older than the window, except for the last one.
func (i *instance) take(r Snapshot, window time.Duration) {
	i.asked, i.problem = r.At, ""
	switch {
	case r.Schema == "":
		i.problem = "it has no known HTTP metrics, or no requests yet"
	case i.last != nil && (i.last.Schema == r.Schema || i.last.Schema == ""): // "": all series are new
		i.steps = append(i.steps, between(*i.last, r))
	default: // the names have changed: not comparable
		i.steps = nil
	}
	i.last = &r
	for len(i.steps) > 1 && r.At.Sub(i.steps[0].to) >= window {
		i.steps = i.steps[1:]
	}
}

func (i *instance) fail(at time.Time, problem string) { i.asked, i.problem = at, problem }

// active reports whether the instance is part of the table.
func (i *instance) active() bool { return i.last != nil && i.problem == "" }

// span returns the total time of the steps.
func (i *instance) span() time.Duration {
	if len(i.steps) == 0 {
		return 0
	}
	return i.steps[len(i.steps)-1].to.Sub(i.steps[0].from)
}

// perSecond returns the factor from counts to rates, or NaN if the time is unknown.
func perSecond(d time.Duration) float64 {
	if d <= 0 {
		return math.NaN()
	}
	return 1 / d.Seconds()
}
