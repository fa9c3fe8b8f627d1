package tacho

import (
	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/store"
)

// A scan is one walk over all families: the label sets there are at its
// beginning, in the order in which they are shown, and memory to read into.
type scan struct {
	core   *core
	series []*store.Series
	rows   []*store.RouteMethod
	counts [][]uint64 // by schema, of each series, once its histograms have been read

	values  expo.Values
	reading hist.Snapshot
	native  hist.NativeSnapshot
	v       expo.Visitor
	sets    map[*family]int
	current *family
	merging merging
}

func (c *core) scan(s *scan, v expo.Visitor) {
	s.core, s.v = c, v
	s.series, s.rows = c.store.Ordered()
	for len(s.counts) < 1+len(c.opts.AlsoSchemas) {
		s.counts = append(s.counts, nil)
	}
	for i := range s.counts {
		s.counts[i] = s.counts[i][:0]
	}
	if s.sets == nil {
		s.sets = map[*family]int{}
	}
	clear(s.sets)
}

// family visits one family.
func (s *scan) family(f *family) {
	s.current = nil
	f.source(s, f)
	if f.merges {
		s.merging.flush(s, f)
	}
	if s.current != nil {
		s.v.End()
	}
}

// all visits all families in the order of their names.
func (s *scan) all() {
	for _, f := range s.core.families.sorted {
		s.family(f)
	}
}

func (s *scan) begin(f *family) {
	s.sets[f]++
	if s.current == nil {
		s.current = f
		s.v.Begin(f.Family)
	}
}

// number passes on a number with the scan's present values.
func (s *scan) number(f *family, n float64) {
	if f.merges {
		s.merging.of(f, &s.values).number += n
		return
	}
	s.begin(f)
	s.v.Number(&s.values, n)
}

// histogram passes on the scan's present reading and values.
func (s *scan) histogram(f *family) {
	if f.view != nil && s.reading.Bounds == s.core.store.Bounds {
		s.reading.Through(f.view)
	}
	if f.merges {
		s.merging.of(f, &s.values).reading.Add(&s.reading)
		return
	}
	s.begin(f)
	s.v.Histogram(&s.values, &s.reading)
}
