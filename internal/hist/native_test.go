package hist

import (
	"math"
	"math/rand/v2"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"
)

// TestNativeAgreesWithClientGolang: the same observations give the same native
// histogram as client_golang's own, also when there are so many buckets that
// the resolution is halved.
func TestNativeAgreesWithClientGolang(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	spread := func(low, high float64) func() uint64 {
		return func() uint64 { return uint64(math.Exp(low + random.Float64()*(high-low))) }
	}
	for name, observation := range map[string]func() uint64{
		"one value":    func() uint64 { return 1e6 },
		"usual":        spread(math.Log(1e5), math.Log(1e9)),
		"everything":   spread(0, math.Log(1e18)),
		"small":        func() uint64 { return random.Uint64N(20) },
		"at the bound": func() uint64 { return nativeBounds().limits[random.IntN(460)] + random.Uint64N(3) - 1 },
		"nothing":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
				NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: nativeMaximum, Buckets: prometheus.DefBuckets,
			})
			ours := NewNative()
			for range 20_000 {
				if observation == nil {
					break
				}
				ns := observation()
				if ns > 1<<62 {
					ns = 0
				}
				ours.Observe(ns)
				theirs.Observe(float64(ns) / 1e9)
			}
			var want dto.Metric
			if err := theirs.Write(&want); err != nil {
				t.Fatal(err)
			}
			var r NativeSnapshot
			r.Take(ours)
			got := new(dto.Histogram)
			r.proto(got)
			w := &dto.Histogram{
				Schema: want.Histogram.Schema, ZeroThreshold: want.Histogram.ZeroThreshold, ZeroCount: want.Histogram.ZeroCount,
				PositiveSpan: want.Histogram.PositiveSpan, PositiveDelta: want.Histogram.PositiveDelta,
			}
			if !proto.Equal(got, w) {
				t.Errorf("ours   %.1000s\ntheirs %.1000s", got, w)
			}
			if r.Total() != want.Histogram.GetSampleCount() {
				t.Errorf("%d observations, client_golang has %d", r.Total(), want.Histogram.GetSampleCount())
			}
		})
	}
}

// TestNativeBuckets: each key's place is right at, below and above its bound.
func TestNativeBuckets(t *testing.T) {
	l := nativeBounds()
	for i, limit := range l.limits[:nativeBuckets-10] {
		if limit == 0 || i > 0 && limit == l.limits[i-1] {
			continue // narrower than a nanosecond
		}
		if got := l.bucket(limit); got != i {
			t.Errorf("%d ns is in bucket %d, want %d", limit, got, i)
		}
		if got := l.bucket(limit + 1); got <= i {
			t.Errorf("%d ns is in bucket %d, want a higher one than %d", limit+1, got, i)
		}
	}
}
