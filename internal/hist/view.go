package hist

import (
	"slices"
	"sort"
)

// A View reduces a histogram to fewer bounds than it was counted with.
type View struct {
	bounds *Bounds
	into   []int // the view's bucket, by counted bucket
}

// View returns a view with these bounds, all of which must be among b's. It returns nil if they are
// equal to b's.
func (b *Bounds) View(upper []float64) *View {
	if slices.Equal(b.Upper, upper) {
		return nil
	}
	v := &View{bounds: NewBounds(upper, b.scale)}
	for _, bound := range b.Upper {
		at, _ := slices.BinarySearch(upper, bound)
		v.into = append(v.into, at)
	}
	v.into = append(v.into, len(upper))
	return v
}

// Through merges neighboring buckets into the view's.
func (r *Snapshot) Through(v *View) {
	shown := len(v.bounds.Upper) + 1
	for i, n := range r.Buckets {
		to := v.into[i]
		if x := r.Exemplar(i); i != to && x != nil {
			r.Exemplars[i], r.Exemplars[to] = nil, newer(r.Exemplars[to], x)
		}
		if i != to {
			r.Buckets[i] = 0
			r.Buckets[to] += n
		}
	}
	r.Bounds, r.Buckets = v.bounds, r.Buckets[:shown]
	if r.Exemplars != nil {
		r.Exemplars = r.Exemplars[:shown]
	}
}

// Add adds another snapshot; an empty one becomes a copy of it. If their bounds differ, only the
// common ones remain.
func (r *Snapshot) Add(other *Snapshot) {
	if r.Bounds == nil {
		r.Bounds, r.Buckets = other.Bounds, slices.Clone(other.Buckets)
		r.Count, r.Sum = other.Count, other.Sum
		r.Exemplars = slices.Clone(other.Exemplars)
		r.Native = other.Native.clone()
		return
	}
	if r.Bounds != other.Bounds {
		shared := r.Bounds.shared(other.Bounds)
		copied := *other
		copied.Buckets, copied.Exemplars = slices.Clone(other.Buckets), slices.Clone(other.Exemplars)
		other = &copied
		for _, x := range []*Snapshot{r, other} {
			if v := x.Bounds.View(shared.Upper); v != nil {
				x.Through(v)
			}
			x.Bounds = shared
		}
	}
	for i, n := range other.Buckets {
		r.Buckets[i] += n
	}
	r.Count += other.Count
	r.Sum += other.Sum
	for i, x := range other.Exemplars {
		r.Exemplars[i] = newer(r.Exemplars[i], x)
	}
	r.Native.add(other.Native)
}

// shared returns the common bounds.
func (b *Bounds) shared(other *Bounds) *Bounds {
	var upper []float64
	for _, bound := range b.Upper {
		if slices.Contains(other.Upper, bound) {
			upper = append(upper, bound)
		}
	}
	return NewBounds(upper, b.scale)
}

// Adopt maps the words of a histogram with other bounds to words of one with b's: the sum, and each
// bucket to the first one that contains it entirely. It returns nil if the bounds are equal.
func (b *Bounds) Adopt(upper []float64) []int {
	if slices.Equal(upper, b.Upper) {
		return nil
	}
	into := []int{0}
	for _, bound := range upper {
		into = append(into, 1+sort.SearchFloat64s(b.Upper, bound))
	}
	return append(into, 1+len(b.Upper))
}
