package scan

import (
	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/store"
)

// A Scan is one pass over all families: the label sets at its beginning, in export order, and
// memory to read into.
type Scan struct {
	Source
	series       []*store.Series
	routeMethods []*store.RouteMethod
	counts       [][]uint64 // by schema, of each series, after reading its histograms

	values   expo.Values
	snapshot hist.Snapshot
	native   hist.NativeSnapshot
	v        expo.Visitor
	sets     map[*Family]int
	current  *Family
	merging  merging
}

// A Source is the data that a scan reads.
type Source struct {
	Store    *store.Store
	Families *Families
	Metrics  []metric // the service's own
}

// A metric is the budget of one of the service's own metrics.
type metric interface {
	Name() string
	Labels() []string
	Len() int                    // the number of label sets
	Limit() int                  // their maximum
	Overflowed(label int) uint64 // lookups in which the value of a label was replaced
}

// Start begins a scan. It reuses the memory of the previous one.
func (s *Scan) Start(from Source, v expo.Visitor) {
	s.Source, s.v = from, v
	s.series, s.routeMethods = from.Store.Ordered()
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

// number visits a number with the scan's present values.
func (s *Scan) number(f *Family, n float64) {
	if f.merges {
		s.merging.of(f, &s.values).number += n
		return
	}
	s.begin(f)
	s.v.Number(&s.values, n)
}

// histogram visits the scan's present snapshot with its present values.
func (s *Scan) histogram(f *Family) {
	if f.view != nil && s.snapshot.Bounds == s.Store.Bounds {
		s.snapshot.Through(f.view)
	}
	if f.merges {
		s.merging.of(f, &s.values).snapshot.Add(&s.snapshot)
		return
	}
	s.begin(f)
	s.v.Histogram(&s.values, &s.snapshot)
}
