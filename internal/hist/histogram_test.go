package hist

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestBucketsAgreeWithClientGolang: whatever the bounds, a duration lands in
// the bucket in which client_golang's own histogram puts it.
func TestBucketsAgreeWithClientGolang(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var bounds []float64
		for b := 0.0; len(bounds) < 1+random.IntN(20); {
			b += math.Round(random.ExpFloat64()*1e4) / 1e4
			if len(bounds) == 0 && b > 0 || len(bounds) > 0 && b > bounds[len(bounds)-1] {
				bounds = append(bounds, b)
			}
		}
		l := NewBounds(bounds, 1e9)
		h, theirs := l.NewHistogram(), prometheus.NewHistogram(prometheus.HistogramOpts{Buckets: bounds})
		for _, ns := range observations(random, bounds) {
			l.Observe(&h, ns, 0)
			theirs.Observe(float64(ns) / 1e9)
		}
		var want dto.Metric
		if err := theirs.Write(&want); err != nil {
			t.Fatal(err)
		}
		var r Snapshot
		r.Take(l, &h)
		got := r.Proto()
		for i, b := range want.Histogram.Bucket {
			if got.Bucket[i].GetCumulativeCount() != b.GetCumulativeCount() {
				t.Fatalf("bounds %v, bucket %v: %d, client_golang has %d", bounds, b.GetUpperBound(), got.Bucket[i].GetCumulativeCount(), b.GetCumulativeCount())
			}
		}
		if got.GetSampleCount() != want.Histogram.GetSampleCount() || math.Abs(got.GetSampleSum()/want.Histogram.GetSampleSum()-1) > 1e-9 {
			t.Fatalf("count %d sum %v, client_golang has %d and %v", got.GetSampleCount(), got.GetSampleSum(), want.Histogram.GetSampleCount(), want.Histogram.GetSampleSum())
		}
	}
}

// observations are values at, beside and between the bounds.
func observations(random *rand.Rand, bounds []float64) []uint64 {
	all := []uint64{0, 1, 1 << 40}
	for _, b := range bounds {
		ns := uint64(math.Round(b * 1e9))
		all = append(all, ns-1, ns, ns+1, uint64(random.Int64N(int64(2*ns+2))))
	}
	return all
}
