package tacho

import (
	"slices"
	"strings"
)

// Requests are counted in the finest label sets that any schema needs. A schema
// that tells less apart, or has other buckets, gets sums of these: that costs a
// scrape something, and a request nothing.

// A view says which bounds of a ladder a schema shows.
type view struct {
	ladder *ladder
	into   []int // by bucket of the ladder that is counted in
}

// view returns how to show bounds, which all are among the ladder's. It is nil
// if they are the ladder's own.
func (l *ladder) view(bounds []float64) *view {
	if slices.Equal(l.bounds, bounds) {
		return nil
	}
	v := &view{ladder: newLadder(bounds, l.scale)}
	for _, b := range l.bounds {
		at, _ := slices.BinarySearch(bounds, b)
		v.into = append(v.into, at)
	}
	v.into = append(v.into, len(bounds))
	return v
}

// through adds neighbouring buckets up until the view's are left.
func (r *reading) through(v *view) {
	shown := len(v.ladder.bounds) + 1
	for i, n := range r.buckets {
		to := v.into[i]
		if x := r.exemplar(i); i != to && x != nil {
			r.exemplars[i], r.exemplars[to] = nil, newer(r.exemplars[to], x)
		}
		if i != to {
			r.buckets[i] = 0
			r.buckets[to] += n
		}
	}
	r.bounds, r.buckets = v.ladder, r.buckets[:shown]
	if r.exemplars != nil {
		r.exemplars = r.exemplars[:shown]
	}
}

// add adds another reading with the same bounds, or becomes it. Routes with
// bounds of their own (Options.RouteBuckets) may differ; what both have in common
// is shown then.
func (r *reading) add(other *reading) {
	if r.bounds == nil {
		r.bounds, r.buckets = other.bounds, slices.Clone(other.buckets)
		r.count, r.sum = other.count, other.sum
		r.exemplars = slices.Clone(other.exemplars)
		r.native = other.native.clone()
		return
	}
	if r.bounds != other.bounds {
		shared := r.bounds.shared(other.bounds)
		copied := *other
		copied.buckets, copied.exemplars = slices.Clone(other.buckets), slices.Clone(other.exemplars)
		other = &copied
		for _, x := range []*reading{r, other} {
			if v := x.bounds.view(shared.bounds); v != nil {
				x.through(v)
			}
			x.bounds = shared
		}
	}
	for i, n := range other.buckets {
		r.buckets[i] += n
	}
	r.count += other.count
	r.sum += other.sum
	for i, x := range other.exemplars {
		r.exemplars[i] = newer(r.exemplars[i], x)
	}
	r.native.add(other.native)
}

// shared is a ladder of the bounds that both have.
func (l *ladder) shared(other *ladder) *ladder {
	var bounds []float64
	for _, b := range l.bounds {
		if slices.Contains(other.bounds, b) {
			bounds = append(bounds, b)
		}
	}
	return newLadder(bounds, l.scale)
}

// merging adds up the label sets that are one in a family.
type merging struct {
	sums map[string]*sum
	key  []byte
}

// A sum is a label set of a family that merges.
type sum struct {
	key     string
	values  values
	number  float64
	reading reading
}

// of is the sum to which a label set belongs.
func (m *merging) of(f *family, v *values) *sum {
	m.key = m.key[:0]
	for i := range f.labels {
		text, there := f.labels[i].of(v)
		m.key = append(m.key, text...)
		m.key = append(m.key, 0xff)
		if !there {
			m.key = append(m.key[:len(m.key)-1-len(text)], 0xfe, 0xff)
		}
	}
	if s, ok := m.sums[string(m.key)]; ok {
		s.values.created = min(s.values.created, v.created)
		return s
	}
	if m.sums == nil {
		m.sums = map[string]*sum{}
	}
	s := &sum{key: string(m.key), values: *v}
	m.sums[s.key] = s
	return s
}

func (m *merging) empty() bool { return len(m.sums) == 0 }

// flush visits the sums, in the order of their labels.
func (m *merging) flush(s *scan, f *family) {
	all := make([]*sum, 0, len(m.sums))
	for _, x := range m.sums {
		all = append(all, x)
	}
	clear(m.sums)
	slices.SortFunc(all, func(a, b *sum) int { return strings.Compare(a.key, b.key) })
	for _, x := range all {
		s.begin(f)
		if x.reading.bounds != nil {
			s.v.histogram(&x.values, &x.reading)
		} else {
			s.v.number(&x.values, x.number)
		}
	}
}
