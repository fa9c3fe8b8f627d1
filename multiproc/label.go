package multiproc

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// A label is a name and a value.
type label struct{ name, value string }

func compareLabel(a, b label) int { return strings.Compare(a.name, b.name) }

// exportedPrefix is what Prometheus puts before a label that a target and its metrics both
// have.
const exportedPrefix = "exported_"

// withConsts adds constant labels. A label of the same name that was there before becomes
// exported_NAME, by Prometheus's rule (scrape.go, resolveConflictingExposedLabels): as often
// as it takes for a name that is free, the shortest names first.
func withConsts(labels, consts []label) []label {
	if len(consts) == 0 {
		return labels
	}
	all, moved := slices.Clone(consts), []label(nil)
	for _, l := range labels {
		if named(consts, l.name) {
			moved = append(moved, l)
		} else {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(moved, func(a, b label) int { return len(a.name) - len(b.name) })
	for _, l := range moved {
		for named(all, l.name) {
			l.name = exportedPrefix + l.name
		}
		all = append(all, l)
	}
	return all
}

func named(labels []label, name string) bool {
	return slices.ContainsFunc(labels, func(l label) bool { return l.name == name })
}

// AddLabels adds constant labels to the metrics of families, in place. A label of the same
// name that a metric has becomes exported_NAME, as it does when Prometheus scrapes. The
// metrics' slices of labels are replaced, and not written to.
func AddLabels(families []*dto.MetricFamily, consts map[string]string) {
	addLabels(families, labelsOf(consts))
}

func labelsOf(consts map[string]string) (labels []label) {
	for _, name := range slices.Sorted(maps.Keys(consts)) {
		labels = append(labels, label{name, consts[name]})
	}
	return labels
}

func addLabels(families []*dto.MetricFamily, consts []label) {
	if len(consts) == 0 {
		return
	}
	for _, f := range families {
		for _, m := range f.Metric {
			labels := make([]label, 0, len(m.Label)+len(consts))
			for _, l := range m.Label {
				labels = append(labels, label{l.GetName(), l.GetValue()})
			}
			m.Label = pairsOf(withConsts(labels, consts))
		}
	}
}

// pairsOf are labels as client_golang has them, sorted by name.
func pairsOf(labels []label) []*dto.LabelPair {
	slices.SortFunc(labels, compareLabel)
	pairs := make([]*dto.LabelPair, len(labels))
	for i := range labels {
		pairs[i] = &dto.LabelPair{Name: &labels[i].name, Value: &labels[i].value}
	}
	return pairs
}

// A labelStore holds the labels of series, of which there are many: side by side, each name
// once, most values of few ones once, and nothing of the keys in which they stood.
type labelStore struct {
	names  map[string]*string
	slots  []labelSlot
	pairs  []*dto.LabelPair
	values []byte
	seed   maphash.Seed
	recent [1024]*dto.LabelPair // by a hash of the value: a method is that of many series
}

type labelSlot struct {
	pair  dto.LabelPair
	value string
}

// storeBlock is how much is made at once.
const storeBlock = 512

// put stores sorted labels.
func (s *labelStore) put(labels []label) []*dto.LabelPair {
	n := len(labels)
	if len(s.pairs) < n {
		s.pairs = make([]*dto.LabelPair, max(n, storeBlock))
	}
	pairs := s.pairs[:n:n]
	s.pairs = s.pairs[n:]
	for i, l := range labels {
		pairs[i] = s.pair(l)
	}
	return pairs
}

// pair is a label, if possible one that is there.
func (s *labelStore) pair(l label) *dto.LabelPair {
	recent := &s.recent[maphash.String(s.seed, l.value)%uint64(len(s.recent))]
	if p := *recent; p != nil && *p.Value == l.value && *p.Name == l.name {
		return p
	}
	if len(s.slots) == 0 {
		s.slots = make([]labelSlot, storeBlock)
	}
	slot := &s.slots[0]
	s.slots = s.slots[1:]
	slot.value = s.text(l.value)
	slot.pair.Name, slot.pair.Value = s.name(l.name), &slot.value
	*recent = &slot.pair
	return &slot.pair
}

// text copies a value to where others are.
func (s *labelStore) text(value string) string {
	if len(value) == 0 {
		return ""
	}
	if cap(s.values)-len(s.values) < len(value) {
		s.values = make([]byte, 0, max(len(value), 16*storeBlock))
	}
	at := len(s.values)
	s.values = append(s.values, value...)
	return stringOf(s.values[at:])
}

func (s *labelStore) name(name string) *string {
	if s.names == nil {
		s.names = map[string]*string{}
	}
	p := s.names[name]
	if p == nil {
		name = strings.Clone(name)
		p = &name
		s.names[name] = p
	}
	return p
}
