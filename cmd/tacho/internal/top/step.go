package top

import (
	"time"

	"github.com/prometheus/prometheus/model/histogram"
)

// A step is the increase of one URL between two snapshots.
type step struct {
	from, to time.Time
	routes   map[Route]*counts
}

// counts are the counts of a route.
type counts struct {
	requests map[string]float64 // by status
	seconds  float64
	buckets  map[float64]float64 // by upper bound, cumulative
	native   *histogram.FloatHistogram
}

// between returns the increase between two snapshots. A new series starts at zero.
func between(from, to Snapshot) step {
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

// sinceStart returns the totals since the start of the process.
func sinceStart(r Snapshot) step {
	s := between(Snapshot{}, r)
	s.from = r.Started
	return s
}

// fallenSince returns the sets with a decreased value. They were reset, as in PromQL's
// rate; if one series of a histogram was reset, all were.
func (r Snapshot) fallenSince(from Snapshot) map[uint64]bool {
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

// less subtracts histograms. Incompatible ones were reset.
func less(h, before *histogram.FloatHistogram) *histogram.FloatHistogram {
	if before == nil {
		return h.Copy()
	}
	if d, _, _, err := h.Copy().Sub(before); err == nil {
		return d
	}
	return h.Copy()
}

// plus adds histograms. If they are incompatible, it returns the first.
func plus(sum, h *histogram.FloatHistogram) *histogram.FloatHistogram {
	if sum == nil {
		return h.Copy()
	}
	if s, _, _, err := sum.Add(h); err == nil {
		return s
	}
	return sum
}
