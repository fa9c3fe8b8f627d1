package scan

import (
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
)

// Requests are counted in the finest label sets that any schema needs. A schema with fewer labels,
// or other buckets, exports sums of these: that costs time in scrapes, and none in requests.

// merging adds up the label sets that a family merges.
type merging struct {
	sums map[string]*total
	key  []byte
}

// A total is the sum of merged label sets.
type total struct {
	key      string
	values   expo.Values
	number   float64
	snapshot hist.Snapshot
}

// of returns the sum for a label set.
func (m *merging) of(f *Family, v *expo.Values) *total {
	m.key = m.key[:0]
	for i := range f.Labels {
		text, there := f.Labels[i].Of(v)
		m.key = append(m.key, text...)
		m.key = append(m.key, 0xff)
		if !there {
			m.key = append(m.key[:len(m.key)-1-len(text)], 0xfe, 0xff)
		}
	}
	if s, ok := m.sums[string(m.key)]; ok {
		s.values.Created = min(s.values.Created, v.Created)
		return s
	}
	if m.sums == nil {
		m.sums = map[string]*total{}
	}
	s := &total{key: string(m.key), values: *v}
	m.sums[s.key] = s
	return s
}

// flush visits the sums, ordered by their labels.
func (m *merging) flush(s *Scan, f *Family) {
	all := make([]*total, 0, len(m.sums))
	for _, x := range m.sums {
		all = append(all, x)
	}
	clear(m.sums)
	slices.SortFunc(all, func(a, b *total) int { return strings.Compare(a.key, b.key) })
	for _, x := range all {
		s.begin(f)
		if x.snapshot.Bounds != nil {
			s.v.Histogram(&x.values, &x.snapshot)
		} else {
			s.v.Number(&x.values, x.number)
		}
	}
}
