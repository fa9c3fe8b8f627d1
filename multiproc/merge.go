package multiproc

import (
	"cmp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// A series is what the values of one label set become: of a counter or gauge, of
// one bucket of a histogram, of a sum or count.
type series struct {
	value total   // in this round
	base  total   // what files had that have vanished
	when  float64 // of mostrecent, 0 where it was never set
	there bool    // it has a value in this round
	based bool
}

// A seriesID is a series's place in merged.series. Entries are many, and without
// pointers the garbage collector passes them over.
type seriesID int32

// none is that of entries which have no series that is merged.
const none seriesID = -1

// A raw is a key as it stands in files of one kind. Most files have the same
// keys in the same order, so that each leads to the one behind it.
type raw struct {
	// What every entry looks at stands together.
	text   string
	next   *raw
	series seriesID // none where each file has its own, or why says why there is none
	id     int32    // its place in merged.list
	bucket bool

	key    key
	family *family
	why    Reason
}

// A family is a metric of the merged view.
type family struct {
	name, help string
	kind       kind
	sets       map[string]*set
	sorted     []*set // nil when out of date
}

// A set is a label set of a family.
type set struct {
	labels  []*dto.LabelPair
	plain   seriesID // of a counter or gauge
	sum     seriesID // of a histogram or summary
	count   seriesID // of a summary
	buckets []bucket // of a histogram, sorted by bound
}

// A bucket is one of a histogram's.
type bucket struct {
	bound  float64
	series seriesID
}

// merged is everything that all files have said.
type merged struct {
	limit    int
	utf8     bool // names are kept as they are
	series   []series
	list     []*raw
	last     *key // that could be read
	raws     map[kind]map[string]*raw
	families map[string]*family
	names    []string // sorted; nil when out of date

	cells    map[CellKey]*Cell
	cellList []*Cell

	// What the next new file is likely to be like.
	layout  layout
	entries int
}

func newMerged(limit int) *merged {
	return &merged{limit: limit, raws: map[kind]map[string]*raw{}, families: map[string]*family{}, cells: map[CellKey]*Cell{}}
}

// begin forgets the values of the last round.
func (m *merged) begin() {
	for i := range m.series {
		m.series[i].value, m.series[i].when, m.series[i].there = total{}, 0, false
	}
	m.beginCells()
}

// find returns the raw of a key. The one that is expected usually is it.
func (m *merged) find(k kind, text []byte, expected *raw) *raw {
	if expected != nil && expected.text == string(text) {
		return expected
	}
	if x, ok := m.raws[k][string(text)]; ok {
		return x
	}
	return m.add(k, text)
}

// expect makes room for keys of a kind of which none is known yet.
func (m *merged) expect(k kind, n int) {
	if m.raws[k] != nil || n == 0 {
		return
	}
	n = min(n, m.limit)
	m.raws[k] = make(map[string]*raw, n)
	m.list = slices.Grow(m.list, n)
	m.series = slices.Grow(m.series, n)
}

func (m *merged) add(k kind, text []byte) *raw {
	x := &raw{text: string(text), series: none, id: int32(len(m.list))}
	m.list = append(m.list, x)
	if x.key, x.why = parseKey(x.text, m.utf8, m.last); x.why == "" {
		m.last, x.bucket = &x.key, x.key.bucket
		x.why = m.place(k, x)
	}
	if m.raws[k] == nil {
		m.raws[k] = map[string]*raw{}
	}
	m.raws[k][x.text] = x
	return x
}

// place finds the series of a key, or makes it.
func (m *merged) place(k kind, x *raw) Reason {
	f, why := m.family(k, x)
	if why != "" {
		return why
	}
	x.family = f
	if k.name == "gauge" && k.merge() == "all" {
		return "" // each file has its own
	}
	id := x.key.identity
	s, known := f.sets[id]
	if !known {
		s = &set{labels: x.key.labels, plain: none, sum: none, count: none}
	}
	slot := s.slot(k, &x.key)
	switch {
	case slot == nil:
		return BadName // a sample that metrics of this type do not have
	case *slot == none && len(m.series) >= m.limit:
		return Limit
	case *slot == none:
		*slot = seriesID(len(m.series))
		m.series = append(m.series, series{})
	}
	if !known {
		f.sets[id], f.sorted = s, nil
	}
	x.series = *slot
	return ""
}

// family is the family to which a key belongs. Whoever comes first decides on
// type and help.
func (m *merged) family(k kind, x *raw) (*family, Reason) {
	name := x.key.metric
	if k.name == "counter" || k.name == "gauge" {
		name = x.key.sample
	}
	f, ok := m.families[name]
	if !ok {
		f = &family{name: name, help: x.key.help, kind: k, sets: map[string]*set{}}
		m.families[name], m.names = f, nil
	}
	if f.kind.name != k.name || f.kind.merge() != k.merge() {
		return nil, Conflict
	}
	return f, ""
}

// slot is where the series of a sample stands in its set, nil if it has no place
// there.
func (s *set) slot(k kind, of *key) *seriesID {
	switch {
	case k.name == "counter" || k.name == "gauge":
		return &s.plain
	case of.is("_sum"):
		return &s.sum
	case k.name == "summary" && of.is("_count"):
		return &s.count
	case k.name == "histogram" && of.bucket:
		return s.bucket(of.bound)
	}
	return nil
}

func (s *set) bucket(bound float64) *seriesID {
	at, there := slices.BinarySearchFunc(s.buckets, bound, func(b bucket, bound float64) int { return cmp.Compare(b.bound, bound) })
	if !there {
		s.buckets = slices.Insert(s.buckets, at, bucket{bound, none})
	}
	return &s.buckets[at].series
}

// give adds a value to a series by the rules of its kind.
func (m *merged) give(k kind, to seriesID, v, when float64) {
	s := &m.series[to]
	switch how := k.merge(); how {
	case "", "sum":
		s.value.add(v)
		s.there = true
	default:
		s.take(how, v, when)
	}
}

// take adds a file's value to a series that is not simply a sum, by the rules of
// Python's client.
func (s *series) take(how string, value, when float64) {
	first := !s.there
	s.there = true
	switch {
	case how == "mostrecent":
		if when > s.when { // a time of 0 is a gauge that was never set
			s.value.high, s.when = value, when
		}
	case first:
		s.value.high = value
	case how == "min":
		s.value.high = min(s.value.high, value)
	case how == "max":
		s.value.high = max(s.value.high, value)
	}
}

// total is a series's value in this round, and whether it has one.
func (m *merged) total(id seriesID) (float64, bool) {
	if id == none {
		return 0, false
	}
	s := &m.series[id]
	if !s.based {
		return s.value.float(), s.there // and not the sum with 0, which makes 0 of -0
	}
	all := s.value
	all.add(s.base.high)
	all.add(s.base.low)
	return all.float(), true
}

// keep lets a value count on that no file has any more.
func (m *merged) keep(id seriesID, value float64) {
	m.series[id].base.add(value)
	m.series[id].based = true
}

// ordered returns the label sets in the order of their labels.
func (f *family) ordered() []*set {
	if f.sorted == nil {
		for _, s := range f.sets {
			f.sorted = append(f.sorted, s)
		}
		slices.SortFunc(f.sorted, func(a, b *set) int { return compareLabels(a.labels, b.labels) })
	}
	return f.sorted
}

func compareLabels(a, b []*dto.LabelPair) int {
	return slices.CompareFunc(a, b, func(x, y *dto.LabelPair) int {
		if c := strings.Compare(x.GetName(), y.GetName()); c != 0 {
			return c
		}
		return strings.Compare(x.GetValue(), y.GetValue())
	})
}
