package hist

// A Snapshot is the content of a histogram at one moment.
type Snapshot struct {
	Bounds    *Bounds  // the bounds of the buckets
	Buckets   []uint64 // not cumulative; the last is +Inf
	Count     uint64
	Sum       float64
	Native    *NativeSnapshot // nil without native histograms
	Exemplars []*Exemplar     // nil without traces
}

// Take copies a histogram into the snapshot.
func (r *Snapshot) Take(b *Bounds, h *Histogram) {
	r.Bounds, r.Count, r.Native, r.Exemplars = b, 0, nil, nil
	r.Buckets = r.Buckets[:0]
	for i := range h.Buckets() {
		n := h.Bucket(i)
		r.Buckets = append(r.Buckets, n)
		r.Count += n
	}
	r.Sum = float64(h.word(0)) / b.scale
}

// Limit removes the highest observations until count are left. The cumulative counts still never
// decrease from one scrape to the next, because neither they nor count do.
func (r *Snapshot) Limit(count uint64) {
	for i := len(r.Buckets) - 1; i >= 0 && r.Count > count; i-- {
		surplus := min(r.Buckets[i], r.Count-count)
		r.Buckets[i] -= surplus
		r.Count -= surplus
	}
}

// Exemplar returns a bucket's exemplar, or nil.
func (r *Snapshot) Exemplar(bucket int) *Exemplar {
	if bucket >= len(r.Exemplars) {
		return nil
	}
	return r.Exemplars[bucket]
}
