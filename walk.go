package tacho

import (
	"cmp"
	"slices"

	"github.com/tacho-go/tacho/schema"
)

// A visitor receives what a scrape reads: the encoders and the Collector are
// visitors. Nothing that it is given may be kept, except strings.
type visitor interface {
	begin(f *family) // a family that has at least one label set
	number(v *values, n float64)
	histogram(v *values, r *reading)
	end()
}

// values are one label set's values, by schema.Value, and when it was created.
type values struct {
	text    [6]string
	created int64 // nanoseconds since the epoch
}

// A reading is what a histogram held at one moment.
type reading struct {
	ladder    *ladder
	buckets   []uint64 // not cumulative; the last is +Inf
	count     uint64
	sum       float64
	native    *nativeReading // nil without native histograms
	exemplars *exemplars     // nil without traces
}

// take copies a histogram into the reading.
func (r *reading) take(l *ladder, h *histogram) {
	r.ladder, r.count, r.native, r.exemplars = l, 0, nil, nil
	r.buckets = r.buckets[:0]
	for i := range h.buckets() {
		n := h.bucket(i)
		r.buckets = append(r.buckets, n)
		r.count += n
	}
	r.sum = float64(h.word(0)) / l.scale
}

// limit takes the highest observations away until count are left. The
// cumulative counts still never fall from one scrape to the next, since neither
// they nor count do.
func (r *reading) limit(count uint64) {
	for i := len(r.buckets) - 1; i >= 0 && r.count > count; i-- {
		surplus := min(r.buckets[i], r.count-count)
		r.buckets[i] -= surplus
		r.count -= surplus
	}
}

// A scan is one walk over all families: the label sets there are at its
// beginning, in the order in which they are shown, and memory to read into.
type scan struct {
	core   *core
	series []*series
	rows   []*row
	counts []uint64 // of each series, once the histograms have been read

	values  values
	reading reading
	native  nativeReading
	v       visitor
	sets    map[*family]int
	current *family
}

func (c *core) scan(s *scan, v visitor) {
	s.core, s.v = c, v
	s.series, s.rows = c.table.ordered()
	s.counts = s.counts[:0]
	if s.sets == nil {
		s.sets = map[*family]int{}
	}
	clear(s.sets)
}

// family visits one family.
func (s *scan) family(f *family) {
	s.current = nil
	f.source(s, f)
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
	s.begin(f)
	s.v.number(&s.values, n)
}

// histogram passes on the scan's present reading and values.
func (s *scan) histogram(f *family) {
	s.begin(f)
	s.v.histogram(&s.values, &s.reading)
}

// The sources: where a family's label sets come from.

func gauge(read func(*core) int64) source {
	return func(s *scan, f *family) {
		s.coreValues()
		s.number(f, float64(read(s.core)))
	}
}

// durations visits the latency histograms of the series that have requests.
// Routes that were not called yet count from zero, but have no histogram.
func durations(s *scan, f *family) {
	s.counts = s.counts[:0]
	for _, x := range s.series {
		x.read(s)
		s.counts = append(s.counts, s.reading.count)
		if s.reading.count > 0 {
			s.valuesOf(x)
			s.histogram(f)
		}
	}
}

// requests visits the counters. They are the histograms' counts: where these
// were read before in the same scan, they agree exactly.
func requests(s *scan, f *family) {
	for i, x := range s.series {
		n := uint64(0)
		if i < len(s.counts) {
			n = s.counts[i]
		} else {
			n = x.durations.count()
		}
		s.valuesOf(x)
		s.number(f, float64(n))
	}
}

func (s *scan) valuesOf(x *series) {
	s.rowValues(x.row)
	s.values.text[schema.Status] = s.core.table.statusLabel(x.status)
	s.values.created = x.created
}

func (s *scan) rowValues(w *row) {
	s.values.created = w.created
	s.values.text[schema.Method] = s.core.table.methods.names[w.method]
	s.values.text[schema.Route] = w.route.label
}

// coreValues are those of a label set that was there from the beginning.
func (s *scan) coreValues() *values {
	s.values = values{created: s.core.created}
	return &s.values
}

// byRow makes a source of the histograms that rows may have.
func byRow(l func(*core) *ladder, slot func(*row) *histogram) source {
	return func(s *scan, f *family) {
		for _, w := range s.rows {
			h := slot(w)
			if h == nil {
				continue
			}
			s.reading.take(l(s.core), h)
			s.rowValues(w)
			s.histogram(f)
		}
	}
}

func panics(s *scan, f *family) {
	for _, w := range s.rows {
		s.rowValues(w)
		s.number(f, float64(w.panics.Load()))
	}
}

// budgeted are the families whose label sets depend on requests, in the order
// of their names.
func (s *scan) budgeted() []*family {
	f := &s.core.families
	return slices.DeleteFunc([]*family{f.duration, f.panics, f.requestSize, f.requests, f.responseSize, f.streams},
		func(f *family) bool { return f == nil })
}

func seriesCount(s *scan, f *family) {
	for _, of := range s.budgeted() {
		v := s.coreValues()
		v.text[schema.Metric] = of.name
		s.number(f, float64(s.setsOf(of)))
	}
}

// setsOf is how many label sets a family has. Usually it was visited before.
func (s *scan) setsOf(f *family) int {
	if s.sets[f] == 0 {
		counting := scan{core: s.core, series: s.series, rows: s.rows, v: nowhere{}, sets: map[*family]int{}}
		counting.family(f)
		s.sets[f] = counting.sets[f]
	}
	return s.sets[f]
}

// nowhere is a visitor that does nothing.
type nowhere struct{}

func (nowhere) begin(*family)               {}
func (nowhere) number(*values, float64)     {}
func (nowhere) histogram(*values, *reading) {}
func (nowhere) end()                        {}

func seriesLimit(s *scan, f *family) {
	for _, of := range s.budgeted() {
		v := s.coreValues()
		v.text[schema.Metric] = of.name
		s.number(f, float64(s.core.opts.SeriesLimit))
	}
}

func overflows(s *scan, f *family) {
	t := s.core.table
	for _, folded := range []foldedLabel{foldedRoute, foldedStatus} {
		v := s.coreValues()
		v.text[schema.Metric], v.text[schema.Label] = s.core.families.requests.name, t.labelName(folded)
		s.number(f, float64(t.folds[folded].Load()))
	}
}

// reasons are why collectors fail in scrapes.
type reason int

const (
	reasonInvalid reason = iota // what it gave is no valid metric
	reasonPanic
	reasonTimeout
	reasonRefused // too many scrapes at the same time
	reasonCount
)

var reasonNames = [reasonCount]string{"invalid", "panic", "timeout", "refused"}

func scrapeErrors(s *scan, f *family) {
	for r, name := range reasonNames {
		v := s.coreValues()
		v.text[schema.Reason] = name
		s.number(f, float64(s.core.failures[r].Load()))
	}
}

// beyondShare is how much of a route's requests must be slower than the
// highest bucket before we say so, and beyondLeast how many there must be.
const (
	beyondShare = 0.05
	beyondLeast = 20
)

// beyond names the routes whose buckets do not reach far enough: their
// quantiles are not to be trusted.
func beyond(s *scan, f *family) {
	slow := map[*route]uint64{}
	for _, x := range s.series {
		if n := x.durations.bucket(x.durations.buckets() - 1); n > 0 {
			slow[x.row.route] += n
		}
	}
	if len(slow) == 0 {
		return
	}
	all := map[*route]uint64{}
	var order []*route
	for _, x := range s.series {
		r := x.row.route
		if slow[r] == 0 {
			continue
		}
		if _, seen := all[r]; !seen {
			order = append(order, r)
		}
		all[r] += x.durations.count()
	}
	for _, r := range order {
		share := float64(slow[r]) / float64(all[r])
		if all[r] < beyondLeast || share <= beyondShare {
			continue
		}
		v := s.coreValues()
		v.text[schema.Metric], v.text[schema.Route] = s.core.families.duration.name, r.label
		s.number(f, share)
	}
}

// byLabels orders label sets for the eye: by route, method and status.
func byLabels(a, b *series) int {
	return cmp.Or(compareRows(a.row, b.row), cmp.Compare(a.status, b.status))
}

func compareRows(a, b *row) int {
	return cmp.Or(cmp.Compare(a.route.label, b.route.label), cmp.Compare(a.method, b.method))
}
