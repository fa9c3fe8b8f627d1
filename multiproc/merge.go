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
	value total // in this round
	there bool  // it has a value in this round
	based bool  // files that have vanished had some: see merged.bases
}

// A seriesID is a series's place in merged.series. Entries are many, and without
// pointers the garbage collector passes them over.
type seriesID int32

const (
	none   seriesID = -1 // of entries which have no series that is merged
	beyond seriesID = -2 // of a gap, in which no entry has one
)

// A raw is a key as it stands in files of one kind. Most files have the same
// keys in the same order, so that each leads to the one behind it. There are as many
// as series and more, so it holds no pointer, and not the key itself.
type raw struct {
	hash   hash
	series seriesID // none where each file has its own, or why says why there is none
	next   rawID
	own    int32 // where each file has its own: its place in merged.owns
	why    uint8 // its place in reasons, and one more; 0 for none
	bucket bool
}

// A rawID is a raw's place in merged.list. The first one, 0, stands for all keys for which
// there is no place.
type rawID = int32

func (x *raw) reason() Reason {
	if x.why == 0 {
		return ""
	}
	return reasons[x.why-1]
}

// An own is a series of which each file has its own.
type own struct {
	family *family
	labels []*dto.LabelPair
}

// A family is a metric of the merged view.
type family struct {
	name, help string
	kind       kind
	hash       hash // of the name
	sets       []setID
	sorted     bool
}

// A set is a label set of a family.
type set struct {
	hash    hash // of the family, too
	labels  []*dto.LabelPair
	plain   seriesID // of a counter or gauge
	sum     seriesID // of a histogram or summary
	count   seriesID // of a summary
	buckets []bucket // of a histogram, sorted by bound
}

// A setID is a set's place in merged.sets, from 1 on.
type setID = int32

// A bucket is one of a histogram's.
type bucket struct {
	bound  float64
	series seriesID
}

// maxBuckets is how many a histogram may have. Processes may have different bounds, and a
// service that makes up ever new ones has limits of another kind.
const maxBuckets = 4096

// merged is everything that all files have said.
type merged struct {
	limit    int
	utf8     bool // names are kept as they are
	consts   []label
	hasher   hasher
	scratch  []byte
	labels   []label
	last     key // that could be read; its labels are in lastText
	lastText []byte
	store    labelStore
	series   []series
	bases    map[seriesID]total   // what files had that have vanished
	whens    map[seriesID]float64 // of gauges of the mode mostrecent that were ever set, in this round
	list     []raw
	texts    []string // of list, where they are to be kept
	keep     bool
	raws     map[kind]*index
	owns     []own
	sets     []set
	setIndex index
	families map[string]*family
	names    []string // sorted; nil when out of date

	cells    map[CellKey]*Cell
	cellList []*Cell
	words    int // of cells, in all files

	// What the next new file is likely to be like.
	layout  layout
	entries int
}

func newMerged(limit int) *merged {
	m := &merged{
		limit: limit, hasher: newHasher(), raws: map[kind]*index{}, families: map[string]*family{}, cells: map[CellKey]*Cell{},
		bases: map[seriesID]total{}, whens: map[seriesID]float64{},
		list: []raw{{series: beyond}}, texts: []string{""}, sets: make([]set, 1),
	}
	m.store.seed = m.hasher[0]
	m.setIndex.hashOf = func(id setID) hash { return m.sets[id].hash }
	return m
}

// begin forgets the values of the last round.
func (m *merged) begin() {
	for i := range m.series {
		m.series[i].value, m.series[i].there = total{}, false
	}
	clear(m.whens)
	m.beginCells()
}

// find returns the raw of a key, 0 if there is no place for it. The one that is expected
// usually is it.
func (m *merged) find(k kind, text []byte, expected rawID) rawID {
	h := m.hasher.of(text)
	if expected != 0 && m.list[expected].hash == h {
		return expected
	}
	x := m.raws[k]
	if x == nil {
		x = &index{hashOf: func(id rawID) hash { return m.list[id].hash }}
		m.raws[k] = x
	}
	if id := x.find(h); id != 0 {
		return id
	}
	id := m.add(k, h, text)
	if id != 0 {
		x.add(id)
	}
	return id
}

// expect makes room for keys of a kind of which none is known yet.
func (m *merged) expect(k kind, n int) {
	if m.raws[k] == nil {
		n = min(n, m.limit)
		m.list, m.series = slices.Grow(m.list, n), slices.Grow(m.series, n)
	}
}

// add adds a key that is not known. What is beyond the limit is not remembered, and
// takes no memory.
func (m *merged) add(k kind, h hash, text []byte) rawID {
	if len(m.list) > 2*m.limit+headroom { // other ways to write a series, and broken ones
		return 0
	}
	x := raw{hash: h, series: none}
	of, why := m.parseKey(stringOf(text))
	if why == "" {
		m.last, x.bucket = key{labels: of.labels, given: of.given, set: of.set}, of.bucket
		x.series, x.own, why = m.place(k, &of)
	}
	if why == Limit {
		return 0
	}
	x.why = uint8(1 + slices.Index(reasons, why))
	if m.keep {
		m.texts = append(m.texts, string(text))
	}
	m.list = append(m.list, x)
	return rawID(len(m.list) - 1)
}

// headroom is for keys that make no series, so that a small limit can be told from damage.
const headroom = 1000

// place finds the series of a key, or makes it. Before anything is made it is known that
// there is place for it.
func (m *merged) place(k kind, x *key) (id seriesID, ownID int32, why Reason) {
	part := partOf(k, x)
	f := m.families[x.family(k)]
	switch {
	case f != nil && (f.kind.name != k.name || f.kind.merge() != k.merge()):
		return none, 0, Conflict
	case part == noPart:
		return none, 0, BadName // a sample that metrics of this type do not have
	}
	if k.name == "gauge" && k.merge() == "all" { // each file has its own
		if len(m.owns) >= m.limit {
			return none, 0, Limit
		}
		m.owns = append(m.owns, own{m.family(k, x), m.store.put(withoutPID(x.labels))})
		return none, int32(len(m.owns) - 1), ""
	}
	if f != nil {
		if at := m.setIndex.find(f.hashOf(x.set)); at != 0 {
			if slot := m.sets[at].slot(part, x.bound); slot != nil && *slot != none {
				return *slot, 0, ""
			}
			if part == bucketPart && len(m.sets[at].buckets) >= maxBuckets {
				return none, 0, Limit
			}
		}
	}
	if len(m.series) >= m.limit {
		return none, 0, Limit
	}
	id = seriesID(len(m.series))
	m.series = append(m.series, series{})
	*m.set(m.family(k, x), x).makeSlot(part, x.bound) = id
	return id, 0, ""
}

// withoutPID takes a label pid out, which becomes the worker's, as in Python.
func withoutPID(labels []label) []label {
	return slices.DeleteFunc(slices.Clone(labels), func(l label) bool { return l.name == "pid" })
}

// family is the name of the family to which a key belongs.
func (x *key) family(k kind) string {
	if k.name == "counter" || k.name == "gauge" {
		return x.sample
	}
	return x.metric
}

// family is the family to which a key belongs. Whoever comes first decides on
// type and help.
func (m *merged) family(k kind, x *key) *family {
	f := m.families[x.family(k)]
	if f == nil {
		name := strings.Clone(x.family(k))
		f = &family{name: name, help: strings.Clone(x.help), kind: k, hash: m.hasher.of([]byte(name))}
		m.families[f.name], m.names = f, nil
	}
	return f
}

// hashOf tells the label sets of all families apart.
func (f *family) hashOf(labels hash) hash {
	return hash{labels[0]*31 + f.hash[0], labels[1]*31 + f.hash[1]}
}

// set is the label set of a key, in its family.
func (m *merged) set(f *family, x *key) *set {
	h := f.hashOf(x.set)
	id := m.setIndex.find(h)
	if id == 0 {
		id = setID(len(m.sets))
		m.sets = append(m.sets, set{hash: h, labels: m.store.put(x.labels), plain: none, sum: none, count: none})
		m.setIndex.add(id)
		f.sets, f.sorted = append(f.sets, id), false
	}
	return &m.sets[id]
}

// A part is which of a metric's series a sample is.
type part int

const (
	noPart part = iota
	plainPart
	sumPart
	countPart
	bucketPart
)

func partOf(k kind, x *key) part {
	switch {
	case k.name == "counter" || k.name == "gauge":
		return plainPart
	case x.is("_sum"):
		return sumPart
	case k.name == "summary" && x.is("_count"):
		return countPart
	case k.name == "histogram" && x.bucket:
		return bucketPart
	}
	return noPart
}

// slot is where the series of a part stands, nil for a bucket that is not there.
func (s *set) slot(p part, bound float64) *seriesID {
	switch p {
	case sumPart:
		return &s.sum
	case countPart:
		return &s.count
	case bucketPart:
		if at, there := s.bucket(bound); there {
			return &s.buckets[at].series
		}
		return nil
	}
	return &s.plain
}

func (s *set) bucket(bound float64) (at int, there bool) {
	return slices.BinarySearchFunc(s.buckets, bound, func(b bucket, bound float64) int { return cmp.Compare(b.bound, bound) })
}

// makeSlot is slot, but that a bucket is made.
func (s *set) makeSlot(p part, bound float64) *seriesID {
	if p == bucketPart {
		if at, there := s.bucket(bound); !there {
			s.buckets = slices.Insert(s.buckets, at, bucket{bound, none})
		}
	}
	return s.slot(p, bound)
}

// give adds a value to a series by the rules of its kind.
func (m *merged) give(k kind, to seriesID, v, when float64) {
	switch how := k.merge(); how {
	case "", "sum":
		s := &m.series[to]
		s.value.add(v)
		s.there = true
	default:
		m.take(to, how, v, when)
	}
}

// take adds a file's value to a series that is not simply a sum, by the rules of
// Python's client.
func (m *merged) take(to seriesID, how string, value, when float64) {
	s := &m.series[to]
	first := !s.there
	s.there = true
	switch {
	case how == "mostrecent":
		if when > m.whens[to] { // a time of 0 is a gauge that was never set
			s.value.high, m.whens[to] = value, when
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
	if id < 0 {
		return 0, false
	}
	s := &m.series[id]
	if !s.based {
		return s.value.float(), s.there // and not the sum with 0, which makes 0 of -0
	}
	all, base := s.value, m.bases[id]
	all.add(base.high)
	all.add(base.low)
	return all.float(), true
}

// keepValue lets a value count on that no file has any more.
func (m *merged) keepValue(id seriesID, value float64) {
	base := m.bases[id]
	base.add(value)
	m.bases[id], m.series[id].based = base, true
}

// ordered returns the label sets in the order of their labels.
func (m *merged) ordered(f *family) []setID {
	if !f.sorted {
		slices.SortFunc(f.sets, func(a, b setID) int { return compareLabels(m.sets[a].labels, m.sets[b].labels) })
		f.sorted = true
	}
	return f.sets
}

func compareLabels(a, b []*dto.LabelPair) int {
	return slices.CompareFunc(a, b, func(x, y *dto.LabelPair) int {
		if x == y { // which many are, see labelStore
			return 0
		}
		if c := strings.Compare(x.GetName(), y.GetName()); c != 0 {
			return c
		}
		return strings.Compare(x.GetValue(), y.GetValue())
	})
}
