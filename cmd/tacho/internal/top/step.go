package top

import (
	"time"

	"github.com/prometheus/prometheus/model/histogram"
)

// A step is what one URL counted between two readings.
type step struct {
	from, to time.Time
	routes   map[Route]*counts
}

// counts are those of a route.
type counts struct {
	requests map[string]float64 // by status
	seconds  float64
	buckets  map[float64]float64 // by upper bound, cumulative
	native   *histogram.FloatHistogram
}

// between returns what was counted. A series that was not there before begins
// at zero: it was born meanwhile.
func between(from, to Reading) step {
	s := step{from: from.At, to: to.At, routes: map[Route]*counts{}}
	fallen := to.fallenSince(from)
	for id, p := range to.points {
		before := from.points[id]
		if fallen[p.set] {
			before = point{}
		}
		s.at(p.route).add(p, before)
	}
	return s
}

// sinceStart returns all that the process has counted.
func sinceStart(r Reading) step {
	s := between(Reading{}, r)
	s.from = r.Started
	return s
}

// fallenSince returns the sets that have a lower value than before. They began
// anew, as in PromQL's rate; with one series of a histogram all did.
func (r Reading) fallenSince(from Reading) map[uint64]bool {
	fallen := map[uint64]bool{}
	for id, p := range r.points {
		if before, ok := from.points[id]; ok && p.fellFrom(before) {
			fallen[p.set] = true
		}
	}
	return fallen
}

func (p point) fellFrom(before point) bool {
	if p.native != nil && before.native != nil {
		return p.native.DetectReset(before.native)
	}
	return p.value < before.value
}

func (s step) at(r Route) *counts {
	if s.routes[r] == nil {
		s.routes[r] = &counts{requests: map[string]float64{}, buckets: map[float64]float64{}}
	}
	return s.routes[r]
}

func (c *counts) add(p, before point) {
	switch p.part {
	case requests:
		c.requests[p.status] += p.value - before.value
	case seconds:
		c.seconds += p.value - before.value
	case bucket:
		c.buckets[p.le] += p.value - before.value
	case spread:
		c.addNative(p, less(p.native, before.native))
	}
}

func (c *counts) addNative(p point, h *histogram.FloatHistogram) {
	c.native = plus(c.native, h)
	c.seconds += h.Sum
	if p.counts {
		c.requests[p.status] += h.Count
	}
}

// less subtracts histograms; those that do not fit together have begun anew.
func less(h, before *histogram.FloatHistogram) *histogram.FloatHistogram {
	if before == nil {
		return h.Copy()
	}
	if d, _, _, err := h.Copy().Sub(before); err == nil {
		return d
	}
	return h.Copy()
}

// plus adds histograms; of those that do not fit together the first stays.
func plus(sum, h *histogram.FloatHistogram) *histogram.FloatHistogram {
	if sum == nil {
		return h.Copy()
	}
	if s, _, _, err := sum.Add(h); err == nil {
		return s
	}
	return sum
}
