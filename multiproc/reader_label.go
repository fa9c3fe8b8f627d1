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

// exportedPrefix is what Prometheus adds to a metric's label that the target has, too.
const exportedPrefix = "exported_"

// addConsts adds constant labels. An existing label of the same name becomes exported_NAME by
// Prometheus's rule (scrape.go, resolveConflictingExposedLabels): the prefix is repeated until
// the name is free, and the shortest names come first.
func addConsts(labels, consts []label) []label {
	if len(consts) == 0 {
		return labels
	}
	all, moved := slices.Clone(consts), []label(nil)
	for _, l := range labels {
		if hasLabel(consts, l.name) {
			moved = append(moved, l)
		} else {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(moved, func(a, b label) int { return len(a.name) - len(b.name) })
	for _, l := range moved {
		for hasLabel(all, l.name) {
			l.name = exportedPrefix + l.name
		}
		all = append(all, l)
	}
	return all
}

func hasLabel(labels []label, name string) bool {
	return slices.ContainsFunc(labels, func(l label) bool { return l.name == name })
}

// AddLabels adds constant labels to the metrics of families, in place. An existing label of the
// same name becomes exported_NAME, as in a scrape by Prometheus. The metrics get new label
// slices; the old ones are not modified.
func AddLabels(families []*dto.MetricFamily, consts map[string]string) {
	addConstLabels(families, labelsOf(consts))
}

func labelsOf(consts map[string]string) (labels []label) {
	for _, name := range slices.Sorted(maps.Keys(consts)) {
		labels = append(labels, label{name, consts[name]})
	}
	return labels
}

func addConstLabels(families []*dto.MetricFamily, consts []label) {
	if len(consts) == 0 {
		return
	}
	for _, f := range families {
		for _, m := range f.Metric {
			labels := make([]label, 0, len(m.Label)+len(consts))
			for _, l := range m.Label {
				labels = append(labels, label{l.GetName(), l.GetValue()})
			}
			m.Label = pairsOf(addConsts(labels, consts))
		}
	}
}

// pairsOf converts labels for client_golang, sorted by name.
func pairsOf(labels []label) []*dto.LabelPair {
	slices.SortFunc(labels, compareLabel)
	pairs := make([]*dto.LabelPair, len(labels))
	for i := range labels {
		pairs[i] = &dto.LabelPair{Name: &labels[i].name, Value: &labels[i].value}
	}
	return pairs
}

// A labelStore stores the labels of series compactly: in large blocks, each name once, recent
// values once, and nothing else of their keys.
type labelStore struct {
	names  map[string]*string
	free   []storedLabel
	pairs  []*dto.LabelPair
	values []byte
	seed   maphash.Seed
	recent [1024]*dto.LabelPair // by hash of the value: many series share a method
}

type storedLabel struct {
	pair  dto.LabelPair
	value string
}

// storeChunk is how many labels are allocated at once.
const storeChunk = 512

// store stores sorted labels.
func (s *labelStore) store(labels []label) []*dto.LabelPair {
	n := len(labels)
	if len(s.pairs) < n {
		s.pairs = make([]*dto.LabelPair, max(n, storeChunk))
	}
	pairs := s.pairs[:n:n]
	s.pairs = s.pairs[n:]
	for i, l := range labels {
		pairs[i] = s.pair(l)
	}
	return pairs
}

// pair stores a label, or returns a recent one that is equal.
func (s *labelStore) pair(l label) *dto.LabelPair {
	recent := &s.recent[maphash.String(s.seed, l.value)%uint64(len(s.recent))]
	if p := *recent; p != nil && *p.Value == l.value && *p.Name == l.name {
		return p
	}
	if len(s.free) == 0 {
		s.free = make([]storedLabel, storeChunk)
	}
	slot := &s.free[0]
	s.free = s.free[1:]
	slot.value = s.text(l.value)
	slot.pair.Name, slot.pair.Value = s.name(l.name), &slot.value
	*recent = &slot.pair
	return &slot.pair
}

// text copies a value into the current block.
func (s *labelStore) text(value string) string {
	if len(value) == 0 {
		return ""
	}
	if cap(s.values)-len(s.values) < len(value) {
		s.values = make([]byte, 0, max(len(value), 16*storeChunk))
	}
	at := len(s.values)
	s.values = append(s.values, value...)
	return unsafeString(s.values[at:])
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
