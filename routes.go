package tacho

import (
	"slices"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/index"
)

// A route is everything recorded under one value of the route label.
type route struct {
	label    string
	excluded bool
	ladder   *hist.Bounds        // of its latency histograms
	rows     atomic.Pointer[row] // the first of a list

	overflowed bool // it is, or is a variant of, the route that stands for too many

	dynamic *dynamic // nil unless Options.Labels take values from requests
}

// A dynamic is what a route has where Options.Labels take their values from
// requests: what is recorded stands under its variants, one for each set of
// values.
type dynamic struct {
	base     *route   // of a variant
	extras   []string // the values
	variants index.Map[string, *route]
}

// extras are the values of Options.Labels that the route stands for.
func (r *route) extras() []string {
	if r.dynamic == nil {
		return nil
	}
	return r.dynamic.extras
}

// A row is everything recorded under one route and kind of request.
type row struct {
	route *route
	next  *row // of the same route; set before the row can be seen
	kind  int  // twice the method, plus one if it came over TLS

	// The first cells stand in the row itself, the others, of routes that
	// answer with many statuses, in a slice that is copied on write. Cells are
	// written before they are counted, and never changed.
	count atomic.Int32
	first [firstCells]cell
	more  atomic.Pointer[[]cell]

	// Made when the first value arrives, since most routes need few of them.
	sizes   sizes
	streams atomic.Pointer[hist.Histogram]

	panics  atomic.Pointer[atomic.Uint64]
	created int64 // nanoseconds since the epoch
}

const firstCells = 4

// sizes are the body sizes of a row, or of one of its series where a schema
// tells them apart by status.
type sizes struct {
	request, response atomic.Pointer[hist.Histogram]
}

// A cell leads from a status to its series. Where the budget was spent, that
// is the series into which the request was folded, and folded says for whose
// sake.
type cell struct {
	status int32
	folded foldedLabel
	series *series
}

// find returns the cell of a status.
func (w *row) find(status int) (cell, bool) {
	n := min(w.count.Load(), firstCells)
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
	return cell{}, false
}

// add appends a cell. It is called under the table's lock.
func (w *row) add(c cell) {
	if n := w.count.Load(); n < firstCells {
		w.first[n] = c
	} else {
		var grown []cell
		if more := w.more.Load(); more != nil {
			grown = slices.Clip(*more)
		}
		grown = append(grown, c)
		w.more.Store(&grown)
	}
	w.count.Add(1)
}

// A series is one label set of the requests counter and the latency histogram.
// The counter has no storage of its own: it is the sum of the buckets.
type series struct {
	row       *row
	ladder    *hist.Bounds // its route's
	status    int
	created   int64 // nanoseconds since the epoch
	durations hist.Histogram
	sizes     *sizes
	native    *hist.Native    // nil unless Options.NativeHistograms
	exemplars *hist.Exemplars // nil unless Options.TraceFunc
}

// observe records a latency and returns its bucket.
func (s *series) observe(ns uint64, hint uint32) int {
	bucket := s.ladder.Observe(&s.durations, ns, hint)
	if s.native != nil {
		s.native.Observe(ns) // after the classic one, see read
	}
	return bucket
}

// read takes the series's present values into a scan. A native histogram must
// add up to its count. It is read first and observed last, so that the classic
// buckets hold at least as many; what is more falls to the next scrape.
func (s *series) read(into *scan) {
	r := &into.reading
	if s.native == nil {
		r.Take(s.ladder, &s.durations)
	} else {
		into.native.Take(s.native)
		r.Take(s.ladder, &s.durations)
		r.Native = &into.native
		r.Limit(into.native.Total())
		if into.native.Total() > r.Count { // of several processes, whose cells are read in any order
			into.native.Limit(r.Count)
		}
	}
	r.Exemplars = s.exemplars.All(r.Exemplars[:0])
}

// panicked is how many panics there were.
func (w *row) panicked() uint64 {
	if n := w.panics.Load(); n != nil {
		return n.Load()
	}
	return 0
}
