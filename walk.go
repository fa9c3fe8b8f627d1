package tacho

import (
	"cmp"
	"net/http"
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

// values are one label set's values, by schema.Value and by Options.Labels, and
// when it was created.
type values struct {
	text    [schema.Recorded]string
	extras  []string
	created int64 // nanoseconds since the epoch
}

// A reading is what a histogram held at one moment.
type reading struct {
	bounds    *ladder  // whose bounds the buckets have
	buckets   []uint64 // not cumulative; the last is +Inf
	count     uint64
	sum       float64
	native    *nativeReading // nil without native histograms
	exemplars []*exemplar    // nil without traces
}

// take copies a histogram into the reading.
func (r *reading) take(l *ladder, h *histogram) {
	r.bounds, r.count, r.native, r.exemplars = l, 0, nil, nil
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
	counts [][]uint64 // by schema, of each series, once its histograms have been read

	values  values
	reading reading
	native  nativeReading
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
	if f.view != nil && s.reading.bounds == s.core.table.ladder {
		s.reading.through(f.view)
	}
	if f.merges {
		s.merging.of(f, &s.values).reading.add(&s.reading)
		return
	}
	s.begin(f)
	s.v.histogram(&s.values, &s.reading)
}

// The sources: where a family's label sets come from.

// inFlight visits the one number of requests in flight, or those of each kind
// that schemas tell apart.
func inFlight(s *scan, f *family) {
	numbers := s.core.inFlight
	for kind := range numbers {
		if len(numbers) > 1 && !numbers[kind].used.Load() {
			continue
		}
		s.coreValues()
		s.kindValues(kind)
		s.number(f, float64(numbers[kind].load()))
	}
	if len(numbers) > 1 && len(f.Labels) == 0 && s.merging.empty() {
		s.coreValues()
		s.number(f, 0) // nothing has been in flight yet
	}
}

func streamsInFlight(s *scan, f *family) {
	s.coreValues()
	s.number(f, float64(s.core.streams.Load()))
}

func info(s *scan, f *family) {
	s.coreValues().text[schema.Version] = version()
	s.number(f, 1)
}

// durations visits the latency histograms of the series that have requests.
// Routes that were not called yet count from zero, but have no histogram.
func durations(s *scan, f *family) {
	counts := s.counts[f.of][:0]
	for _, x := range s.series {
		x.read(s)
		counts = append(counts, s.reading.count)
		if s.reading.count > 0 {
			s.valuesOf(x)
			s.histogram(f)
		}
	}
	s.counts[f.of] = counts
}

// requests visits the counters. They are the histograms' counts: where these
// were read before in the same scan, they agree exactly.
func requests(s *scan, f *family) {
	counts := s.counts[f.of]
	for i, x := range s.series {
		n := uint64(0)
		if i < len(counts) {
			n = counts[i]
		} else {
			n = x.durations.count()
		}
		if n == 0 && f.sparse {
			continue
		}
		s.valuesOf(x)
		s.number(f, float64(n))
	}
}

func (s *scan) valuesOf(x *series) {
	s.rowValues(x.row)
	s.statusValues(x.status)
	s.values.created = x.created
}

// statusValues sets all that is told from a status.
func (s *scan) statusValues(status int) {
	t := s.core.table
	s.values.text[schema.Status] = t.statusLabel(status)
	if t.opts.GroupStatus && status > 0 {
		status *= 100
	}
	s.values.text[schema.StatusClass] = statusClass(status)
	s.values.text[schema.ErrorType] = ""
	if status >= http.StatusInternalServerError {
		s.values.text[schema.ErrorType] = statusLabel(status, false)
	}
}

func (s *scan) rowValues(w *row) {
	s.values.created = w.created
	s.kindValues(w.kind)
	s.values.text[schema.Route] = w.route.label
	s.values.extras = w.route.extras
}

func (s *scan) kindValues(kind int) {
	s.values.text[schema.Method] = s.core.table.methods.names[kind>>1]
	s.values.text[schema.Scheme] = schemes[kind&1]
}

var schemes = [2]string{"http", "https"}

// coreValues are those of a label set that was there from the beginning.
func (s *scan) coreValues() *values {
	s.values = values{created: s.core.created}
	return &s.values
}

func requestSizes(s *scan, f *family) {
	bodySizes(s, f, func(of *sizes) *histogram { return of.request.Load() })
}

func responseSizes(s *scan, f *family) {
	bodySizes(s, f, func(of *sizes) *histogram { return of.response.Load() })
}

func bodySizes(s *scan, f *family, slot func(*sizes) *histogram) {
	if !s.core.table.sizesApart {
		for _, w := range s.rows {
			s.rowHistogram(f, w, s.core.sizeLadder, slot(&w.sizes))
		}
		return
	}
	for _, x := range s.series {
		if h := slot(x.sizes); h != nil {
			s.reading.take(s.core.sizeLadder, h)
			s.valuesOf(x)
			s.histogram(f)
		}
	}
}

func lifetimes(s *scan, f *family) {
	for _, w := range s.rows {
		s.rowHistogram(f, w, s.core.streamLadder, w.streams.Load())
	}
}

// rowHistogram visits a histogram that a row may have.
func (s *scan) rowHistogram(f *family, w *row, l *ladder, h *histogram) {
	if h != nil {
		s.reading.take(l, h)
		s.rowValues(w)
		s.histogram(f)
	}
}

func panics(s *scan, f *family) {
	for _, w := range s.rows {
		n := w.panics.Load()
		if n == 0 && f.sparse {
			continue
		}
		s.rowValues(w)
		s.values.text[schema.Status] = statusLabel(http.StatusInternalServerError, s.core.opts.StatusText)
		s.number(f, float64(n))
	}
}

// budgets calls f for every metric whose label sets depend on requests or on
// the business: its name, how many sets it has and may have.
func (s *scan) budgets(f func(name string, sets, limit int)) {
	own := s.core.families.budgeted
	for _, of := range own {
		f(of.name, s.setsOf(of), s.core.opts.SeriesLimit)
	}
	for _, l := range s.core.allLabelSets() {
		f(l.name, l.len(), l.limit)
	}
}

func seriesCount(s *scan, f *family) {
	s.budgets(func(name string, sets, _ int) {
		s.coreValues().text[schema.Metric] = name
		s.number(f, float64(sets))
	})
}

func seriesLimit(s *scan, f *family) {
	s.budgets(func(name string, _, limit int) {
		s.coreValues().text[schema.Metric] = name
		s.number(f, float64(limit))
	})
}

// setsOf is how many label sets a family has. Usually it was visited before.
func (s *scan) setsOf(f *family) int {
	if s.sets[f] == 0 {
		counting := scan{core: s.core, series: s.series, rows: s.rows, v: nowhere{}, sets: map[*family]int{}, counts: make([][]uint64, len(s.counts))}
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

func overflows(s *scan, f *family) {
	t := s.core.table
	show := func(metric, label string, n uint64) {
		v := s.coreValues()
		v.text[schema.Metric], v.text[schema.Label] = metric, label
		s.number(f, float64(n))
	}
	for i := range t.folds[foldedRoute:] {
		folded := foldedRoute + foldedLabel(i)
		if s.core.families.main == nil {
			break
		}
		n := t.folds[folded].Load()
		if folded >= foldedExtra {
			n += t.extras[folded-foldedExtra].folded.Load()
		} else if folded == foldedRoute && t.group != nil {
			n += t.group.folded.Load()
		}
		show(s.core.families.main.name, t.labelName(folded), n)
	}
	for _, l := range s.core.allLabelSets() {
		for i, name := range l.names {
			show(l.name, name, l.foldedBy(i))
		}
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

func functionErrors(s *scan, f *family) {
	for function, name := range optionFuncNames {
		v := s.coreValues()
		v.text[schema.Label] = name
		s.number(f, float64(s.core.survived[function].Load()))
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
	slow := map[string]uint64{}
	for _, x := range s.series {
		if n := x.durations.bucket(x.durations.buckets() - 1); n > 0 {
			slow[x.row.route.label] += n
		}
	}
	if len(slow) == 0 {
		return
	}
	all := map[string]uint64{}
	var order []string
	for _, x := range s.series {
		r := x.row.route.label
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
		v.text[schema.Metric], v.text[schema.Route] = s.core.families.latency.name, r
		s.number(f, share)
	}
}

// byLabels orders label sets for the eye: by route, method and status.
func byLabels(a, b *series) int {
	return cmp.Or(compareRows(a.row, b.row), cmp.Compare(a.status, b.status))
}

func compareRows(a, b *row) int {
	return cmp.Or(cmp.Compare(a.route.label, b.route.label), slices.Compare(a.route.extras, b.route.extras), cmp.Compare(a.kind, b.kind))
}
