package scan

import (
	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/store"
)

// A Scan is one walk over all families: the label sets there are at its
// beginning, in the order in which they are shown, and memory to read into.
type Scan struct {
	Source
	series []*store.Series
	rows   []*store.RouteMethod
	counts [][]uint64 // by schema, of each series, once its histograms have been read

	values  expo.Values
	reading hist.Snapshot
	native  hist.NativeSnapshot
	v       expo.Visitor
	sets    map[*Family]int
	current *Family
	merging merging
}

// A Source is what a scan reads.
type Source struct {
	Store    *store.Store
	Families *Families
	Metrics  []metric // the service's own
}

// A metric is one of the service's own, as far as its budget goes.
type metric interface {
	Name() string
	Labels() []string
	Len() int                    // how many label sets there are
	Limit() int                  // how many there may be
	Overflowed(label int) uint64 // how many look-ups had the value of a label replaced
}

// Start begins a scan. The memory of the one before is used again.
func (s *Scan) Start(from Source, v expo.Visitor) {
	s.Source, s.v = from, v
	s.series, s.rows = from.Store.Ordered()
	for len(s.counts) < len(from.Families.config.Schemas) {
		s.counts = append(s.counts, nil)
	}
	for i := range s.counts {
		s.counts[i] = s.counts[i][:0]
	}
	if s.sets == nil {
		s.sets = map[*Family]int{}
	}
	clear(s.sets)
}

// Family visits one family.
func (s *Scan) Family(f *Family) {
	s.current = nil
	f.from(s, f)
	if f.merges {
		s.merging.flush(s, f)
	}
	if s.current != nil {
		s.v.End()
	}
}

// All visits all families in the order of their names.
func (s *Scan) All() {
	for _, f := range s.Families.Sorted {
		s.Family(f)
	}
}

func (s *Scan) begin(f *Family) {
	s.sets[f]++
	if s.current == nil {
		s.current = f
		s.v.Begin(f.Family)
	}
}

// number passes on a number with the scan's present values.
func (s *Scan) number(f *Family, n float64) {
	if f.merges {
		s.merging.of(f, &s.values).number += n
		return
	}
	s.begin(f)
	s.v.Number(&s.values, n)
}

// histogram passes on the scan's present reading and values.
func (s *Scan) histogram(f *Family) {
	if f.view != nil && s.reading.Bounds == s.Store.Bounds {
		s.reading.Through(f.view)
	}
	if f.merges {
		s.merging.of(f, &s.values).reading.Add(&s.reading)
		return
	}
	s.begin(f)
	s.v.Histogram(&s.values, &s.reading)
}
