package store

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/index"
)

// A Route is everything recorded for one value of the route label.
type Route struct {
	Label    string
	Excluded bool
	bounds   *hist.Bounds                // of its latency histograms
	first    atomic.Pointer[RouteMethod] // of a list

	overflowed bool // it is the overflow route, or a variant of it

	dynamic *dynamic // nil unless there are extra labels
}

// A dynamic is the part of a route that extra labels need: requests are recorded under variants of
// the route, one for each set of values.
type dynamic struct {
	base     *Route   // of a variant
	extras   []string // the values
	variants index.Map[string, *Route]
}

// Extras returns the route's values of the extra labels.
func (r *Route) Extras() []string {
	if r.dynamic == nil {
		return nil
	}
	return r.dynamic.extras
}

// A RouteMethod is everything counted for one route, method and TLS.
type RouteMethod struct {
	Route     *Route
	next      *RouteMethod // of the same route; set before others can see it
	MethodTLS int          // twice the method, plus one if it came over TLS

	// The first entries are stored here. Those of routes with many statuses are in a slice that is
	// copied on write. Entries are written before they are counted, and never changed.
	count atomic.Int32
	first [firstEntries]entry
	more  atomic.Pointer[[]entry]

	// Created with the first value, because most routes need few of them.
	Sizes   Sizes
	Streams atomic.Pointer[hist.Histogram]

	panics  atomic.Pointer[atomic.Uint64]
	Created int64 // nanoseconds since the epoch
}

const firstEntries = 4

// Sizes are the body sizes of a route and method, or of a series if a schema separates them by
// status.
type Sizes struct {
	Request, Response atomic.Pointer[hist.Histogram]
}

// An entry maps a status to its series. Beyond the budget, that is one with __overflow__ in place
// of a label's value.
type entry struct {
	status   int32
	overflow dimension
	series   *Series
}

// find returns the entry of a status.
func (w *RouteMethod) find(status int) (entry, bool) {
	n := min(w.count.Load(), firstEntries)
	for i := range n {
		if w.first[i].status == int32(status) {
			return w.first[i], true
		}
	}
	if more := w.more.Load(); more != nil {
		for _, c := range *more {
			if c.status == int32(status) {
				return c, true
			}
		}
	}
	return entry{}, false
}

// add appends an entry. The store's lock must be held.
func (w *RouteMethod) add(c entry) {
	if n := w.count.Load(); n < firstEntries {
		w.first[n] = c
	} else {
		var grown []entry
		if more := w.more.Load(); more != nil {
			grown = slices.Clip(*more)
		}
		grown = append(grown, c)
		w.more.Store(&grown)
	}
	w.count.Add(1)
}

// A Series is one label set of the requests counter and the latency histogram.
// The counter has no storage of its own: it is the sum of the buckets.
type Series struct {
	Of        *RouteMethod
	bounds    *hist.Bounds // its route's
	Status    int
	Created   int64 // nanoseconds since the epoch
	durations hist.Histogram
	Sizes     *Sizes
	native    *hist.Native    // nil unless the config wants one
	Exemplars *hist.Exemplars // nil unless the config wants them
}

// Observe records a latency and returns its bucket.
func (s *Series) Observe(ns uint64, hint uint32) int {
	bucket := s.bounds.Observe(&s.durations, ns, hint)
	if s.native != nil {
		s.native.Observe(ns) // after the classic one, see Read
	}
	return bucket
}

// Read reads the series's present values. A native histogram must add up to its count. It is read
// first and observed last, so that the classic buckets hold at least as many observations; the
// surplus waits for the next scrape.
func (s *Series) Read(r *hist.Snapshot, native *hist.NativeSnapshot) {
	if s.native == nil {
		r.Take(s.bounds, &s.durations)
	} else {
		native.Take(s.native)
		r.Take(s.bounds, &s.durations)
		r.Native = native
		r.Limit(native.Total())
		if native.Total() > r.Count { // of several processes, whose cells are read in any order
			native.Limit(r.Count)
		}
	}
	r.Exemplars = s.Exemplars.All(r.Exemplars[:0])
}

// Count returns the number of requests.
func (s *Series) Count() uint64 { return s.durations.Count() }

// Beyond returns how many requests took longer than the highest bound.
func (s *Series) Beyond() uint64 { return s.durations.Bucket(s.durations.Buckets() - 1) }

// Panicked returns the number of panics.
func (w *RouteMethod) Panicked() uint64 {
	if n := w.panics.Load(); n != nil {
		return n.Load()
	}
	return 0
}

// byLabels orders label sets for readers: by route, method and status.
func byLabels(a, b *Series) int {
	return cmp.Or(compareRouteMethods(a.Of, b.Of), cmp.Compare(a.Status, b.Status))
}

func compareRouteMethods(a, b *RouteMethod) int {
	return cmp.Or(cmp.Compare(a.Route.Label, b.Route.Label), slices.Compare(a.Route.Extras(), b.Route.Extras()), cmp.Compare(a.MethodTLS, b.MethodTLS))
}
