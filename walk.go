package tacho

import (
	"cmp"
	"slices"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// A visitor receives what a scrape reads: the encoders and the Collector are
// visitors. Nothing that it is given may be kept, except strings.
type visitor interface {
	begin(f *family) // a family that has at least one label set
	number(v *values, n float64)
	histogram(v *values, r *hist.Snapshot)
	end()
}

// values are one label set's values, by schema.Value and by Options.Labels, and
// when it was created.
type values struct {
	text    [schema.Recorded]string
	extras  []string
	created int64 // nanoseconds since the epoch
}

// A scan is one walk over all families: the label sets there are at its
// beginning, in the order in which they are shown, and memory to read into.
type scan struct {
	core   *core
	series []*series
	rows   []*row
	counts [][]uint64 // by schema, of each series, once its histograms have been read

	values  values
	reading hist.Snapshot
	native  hist.NativeSnapshot
	v       visitor
	sets    map[*family]int
	current *family
	merging merging
}

func (c *core) scan(s *scan, v visitor) {
	s.core, s.v = c, v
	s.series, s.rows = c.table.ordered()
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
		s.v.end()
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
		s.v.begin(f)
	}
}

// number passes on a number with the scan's present values.
func (s *scan) number(f *family, n float64) {
	if f.merges {
		s.merging.of(f, &s.values).number += n
		return
	}
	s.begin(f)
	s.v.number(&s.values, n)
}

// histogram passes on the scan's present reading and values.
func (s *scan) histogram(f *family) {
	if f.view != nil && s.reading.Bounds == s.core.table.ladder {
		s.reading.Through(f.view)
	}
	if f.merges {
		s.merging.of(f, &s.values).reading.Add(&s.reading)
		return
	}
	s.begin(f)
	s.v.histogram(&s.values, &s.reading)
}

// byLabels orders label sets for the eye: by route, method and status.
func byLabels(a, b *series) int {
	return cmp.Or(compareRows(a.row, b.row), cmp.Compare(a.status, b.status))
}

func compareRows(a, b *row) int {
	return cmp.Or(cmp.Compare(a.route.label, b.route.label), slices.Compare(a.route.extras(), b.route.extras()), cmp.Compare(a.kind, b.kind))
}
