package multiproc

import (
	"cmp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// A series is the merged value of one label set of a counter or gauge, of one bucket of a
// histogram, or of a sum or count.
type series struct {
	value   exactSum // in this scan
	present bool     // it has a value in this scan
	hasBase bool     // vanished files had values: see merged.bases
}

// A seriesID is an index into merged.series. There are many entries, and without pointers the
// garbage collector skips them.
type seriesID int32

const (
	noSeries  seriesID = -1 // for entries without a merged series
	overLimit seriesID = -2 // for the entries of a gap
)

// A rawKey is a key as written in files of one kind. Most files have the same keys in the same
// order, so each links to the next one. There are more of them than series, so a rawKey has no
// pointers and does not hold the key itself.
type rawKey struct {
	hash        hash
	series      seriesID // noSeries if it is shown per process, or has a reason
	next        rawKeyID
	perProcess  int32 // index into merged.perProcess
	reasonIndex uint8 // index into reasons plus 1; 0 for none
	bucket      bool
}

// A rawKeyID is an index into merged.rawKeys. 0 stands for all keys above the limit.
type rawKeyID = int32

func (x *rawKey) reason() Reason {
	if x.reasonIndex == 0 {
		return ""
	}
	return reasons[x.reasonIndex-1]
}

// A perProcessSeries is a series that each process shows for itself.
type perProcessSeries struct {
	family *family
	labels []*dto.LabelPair
}

// A family is a metric family of the merged view.
type family struct {
	name, help string
	kind       kind
	hash       hash // of the name
	sets       []labelSetID
	sorted     bool
}

// A labelSet is a label set of a family.
type labelSet struct {
	hash    hash // includes the family
	labels  []*dto.LabelPair
	plain   seriesID // of a counter or gauge
	sum     seriesID // of a histogram or summary
	count   seriesID // of a summary
	buckets []bucket // of a histogram, sorted by bound
}

// A labelSetID is an index into merged.labelSets, from 1 on.
type labelSetID = int32

// A bucket is a bucket of a histogram.
type bucket struct {
	bound  float64
	series seriesID
}

// maxBuckets bounds the buckets of a histogram. Processes may have different bounds, but a
// service that keeps adding bounds must not use up all memory.
const maxBuckets = 4096

// merged is the merged state of all files.
type merged struct {
	limit         int
	utf8          bool // keep UTF-8 names
	consts        []label
	hasher        hasher
	scratch       []byte
	labels        []label
	lastKey       key // the last valid key; its labels are in lastKeyText
	lastKeyText   []byte
	labelStore    labelStore
	series        []series
	bases         map[seriesID]exactSum // values of vanished files
	timestamps    map[seriesID]float64  // of mostrecent gauges that were ever set, in this scan
	rawKeys       []rawKey
	keyTexts      []string // of rawKeys, if keepTexts
	keepTexts     bool
	keyIndexes    map[kind]*index
	perProcess    []perProcessSeries
	labelSets     []labelSet
	labelSetIndex index
	families      map[string]*family
	names         []string // sorted; nil if out of date

	cells     map[CellKey]*Cell
	cellList  []*Cell
	cellWords int // in the cells of all files

	// Expectations for the next new file.
	expectedLayout  layout
	expectedEntries int
}

func newMerged(limit int) *merged {
	m := &merged{
		limit: limit, hasher: newHasher(), keyIndexes: map[kind]*index{}, families: map[string]*family{}, cells: map[CellKey]*Cell{},
		bases: map[seriesID]exactSum{}, timestamps: map[seriesID]float64{},
		rawKeys: []rawKey{{series: overLimit}}, keyTexts: []string{""}, labelSets: make([]labelSet, 1),
	}
	m.labelStore.seed = m.hasher[0]
	m.labelSetIndex.hashOf = func(id labelSetID) hash { return m.labelSets[id].hash }
	return m
}

// resetValues discards the values of the last scan.
func (m *merged) resetValues() {
	for i := range m.series {
		m.series[i].value, m.series[i].present = exactSum{}, false
	}
	clear(m.timestamps)
	m.resetCells()
}

// findKey finds or adds a raw key, and returns 0 above the limit. Usually it is the expected
// one.
func (m *merged) findKey(k kind, text []byte, expected rawKeyID) rawKeyID {
	h := m.hasher.of(text)
	if expected != 0 && m.rawKeys[expected].hash == h {
		return expected
	}
	x := m.keyIndexes[k]
	if x == nil {
		x = &index{hashOf: func(id rawKeyID) hash { return m.rawKeys[id].hash }}
		m.keyIndexes[k] = x
	}
	if id := x.find(h); id != 0 {
		return id
	}
	id := m.addKey(k, h, text)
	if id != 0 {
		x.add(id)
	}
	return id
}

// reserveKeys reserves memory for the first keys of a kind.
func (m *merged) reserveKeys(k kind, n int) {
	if m.keyIndexes[k] == nil {
		n = min(n, m.limit)
		m.rawKeys, m.series = slices.Grow(m.rawKeys, n), slices.Grow(m.series, n)
	}
}

// addKey adds a new key. Keys above the limit take no memory.
func (m *merged) addKey(k kind, h hash, text []byte) rawKeyID {
	if len(m.rawKeys) > 2*m.limit+unmergedKeys { // other spellings of a series, and broken keys
		return 0
	}
	x := rawKey{hash: h, series: noSeries}
	of, why := m.parseKey(unsafeString(text))
	if why == "" {
		m.lastKey, x.bucket = key{labels: of.labels, rawLabels: of.rawLabels, labelsHash: of.labelsHash}, of.bucket
		x.series, x.perProcess, why = m.seriesOf(k, &of)
	}
	if why == Limit {
		return 0
	}
	x.reasonIndex = uint8(1 + slices.Index(reasons, why))
	if m.keepTexts {
		m.keyTexts = append(m.keyTexts, string(text))
	}
	m.rawKeys = append(m.rawKeys, x)
	return rawKeyID(len(m.rawKeys) - 1)
}

// unmergedKeys is how many keys without a series are allowed on top, so that a low limit is not
// mistaken for damage.
const unmergedKeys = 1000

// seriesOf finds or creates the series of a key. It checks all limits before it creates
// anything.
func (m *merged) seriesOf(k kind, x *key) (id seriesID, perProcessID int32, why Reason) {
	part := partOf(k, x)
	f := m.families[x.familyName(k)]
	switch {
	case f != nil && (f.kind.name != k.name || f.kind.mergeMode() != k.mergeMode()):
		return noSeries, 0, Conflict
	case part == noPart:
		return noSeries, 0, BadName // metrics of this type have no such sample
	}
	if k.name == "gauge" && k.mergeMode() == "all" { // shown per process
		if len(m.perProcess) >= m.limit {
			return noSeries, 0, Limit
		}
		m.perProcess = append(m.perProcess, perProcessSeries{m.family(k, x), m.labelStore.store(withoutPID(x.labels))})
		return noSeries, int32(len(m.perProcess) - 1), ""
	}
	if f != nil {
		if at := m.labelSetIndex.find(f.hashOf(x.labelsHash)); at != 0 {
			if slot := m.labelSets[at].series(part, x.bound); slot != nil && *slot != noSeries {
				return *slot, 0, ""
			}
			if part == bucketPart && len(m.labelSets[at].buckets) >= maxBuckets {
				return noSeries, 0, Limit
			}
		}
	}
	if len(m.series) >= m.limit {
		return noSeries, 0, Limit
	}
	id = seriesID(len(m.series))
	m.series = append(m.series, series{})
	*m.labelSet(m.family(k, x), x).ensureSeries(part, x.bound) = id
	return id, 0, ""
}

// withoutPID removes a pid label, which the worker's replaces, as in Python.
func withoutPID(labels []label) []label {
	return slices.DeleteFunc(slices.Clone(labels), func(l label) bool { return l.name == "pid" })
}

// familyName is the name of the key's family.
func (x *key) familyName(k kind) string {
	if k.name == "counter" || k.name == "gauge" {
		return x.sample
	}
	return x.metric
}

// family returns the family of a key. The first key determines type and help.
func (m *merged) family(k kind, x *key) *family {
	f := m.families[x.familyName(k)]
	if f == nil {
		name := strings.Clone(x.familyName(k))
		f = &family{name: name, help: strings.Clone(x.help), kind: k, hash: m.hasher.of([]byte(name))}
		m.families[f.name], m.names = f, nil
	}
	return f
}

// hashOf returns a hash that is unique across families.
func (f *family) hashOf(labels hash) hash {
	return hash{labels[0]*31 + f.hash[0], labels[1]*31 + f.hash[1]}
}

// labelSet finds or creates the label set of a key in its family.
func (m *merged) labelSet(f *family, x *key) *labelSet {
	h := f.hashOf(x.labelsHash)
	id := m.labelSetIndex.find(h)
	if id == 0 {
		id = labelSetID(len(m.labelSets))
		m.labelSets = append(m.labelSets, labelSet{hash: h, labels: m.labelStore.store(x.labels), plain: noSeries, sum: noSeries, count: noSeries})
		m.labelSetIndex.add(id)
		f.sets, f.sorted = append(f.sets, id), false
	}
	return &m.labelSets[id]
}

// A part is the role of a sample in its metric.
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
	case x.hasSuffix("_sum"):
		return sumPart
	case k.name == "summary" && x.hasSuffix("_count"):
		return countPart
	case k.name == "histogram" && x.bucket:
		return bucketPart
	}
	return noPart
}

// series returns the series of a part, or nil for a missing bucket.
func (s *labelSet) series(p part, bound float64) *seriesID {
	switch p {
	case sumPart:
		return &s.sum
	case countPart:
		return &s.count
	case bucketPart:
		if at, exists := s.findBucket(bound); exists {
			return &s.buckets[at].series
		}
		return nil
	}
	return &s.plain
}

func (s *labelSet) findBucket(bound float64) (at int, exists bool) {
	return slices.BinarySearchFunc(s.buckets, bound, func(b bucket, bound float64) int { return cmp.Compare(b.bound, bound) })
}

// ensureSeries is series, but adds a missing bucket.
func (s *labelSet) ensureSeries(p part, bound float64) *seriesID {
	if p == bucketPart {
		if at, exists := s.findBucket(bound); !exists {
			s.buckets = slices.Insert(s.buckets, at, bucket{bound, noSeries})
		}
	}
	return s.series(p, bound)
}

// addValue adds a value to a series by the rules of its kind.
func (m *merged) addValue(k kind, to seriesID, v, timestamp float64) {
	switch mode := k.mergeMode(); mode {
	case "", "sum":
		s := &m.series[to]
		s.value.add(v)
		s.present = true
	default:
		m.combine(to, mode, v, timestamp)
	}
}

// combine merges a value into a series that is not a plain sum, by the rules of Python's client.
func (m *merged) combine(to seriesID, mode string, value, timestamp float64) {
	s := &m.series[to]
	first := !s.present
	s.present = true
	switch {
	case mode == "mostrecent":
		if timestamp > m.timestamps[to] { // 0 means a gauge that was never set
			s.value.high, m.timestamps[to] = value, timestamp
		}
	case first:
		s.value.high = value
	case mode == "min":
		s.value.high = min(s.value.high, value)
	case mode == "max":
		s.value.high = max(s.value.high, value)
	}
}

// value returns a series' value in this scan, and whether it has one.
func (m *merged) value(id seriesID) (float64, bool) {
	if id < 0 {
		return 0, false
	}
	s := &m.series[id]
	if !s.hasBase {
		return s.value.float(), s.present // adding 0 would turn -0 into 0
	}
	sum, base := s.value, m.bases[id]
	sum.add(base.high)
	sum.add(base.low)
	return sum.float(), true
}

// addBase keeps a value that no file has any more.
func (m *merged) addBase(id seriesID, value float64) {
	base := m.bases[id]
	base.add(value)
	m.bases[id], m.series[id].hasBase = base, true
}

// sortedSets returns the label sets sorted by their labels.
func (m *merged) sortedSets(f *family) []labelSetID {
	if !f.sorted {
		slices.SortFunc(f.sets, func(a, b labelSetID) int { return compareLabels(m.labelSets[a].labels, m.labelSets[b].labels) })
		f.sorted = true
	}
	return f.sets
}

func compareLabels(a, b []*dto.LabelPair) int {
	return slices.CompareFunc(a, b, func(x, y *dto.LabelPair) int {
		if x == y { // often the case, see labelStore
			return 0
		}
		if c := strings.Compare(x.GetName(), y.GetName()); c != 0 {
			return c
		}
		return strings.Compare(x.GetValue(), y.GetValue())
	})
}

const defaultSeriesLimit = 1_000_000
