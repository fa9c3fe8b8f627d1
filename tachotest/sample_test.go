package tachotest_test

import (
	"math"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/tachotest"
)

// TestKindsOfMetrics: every line of the endpoint can be checked.
func TestKindsOfMetrics(t *testing.T) {
	m := newMeter(t)
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h_seconds", Help: "H.", Buckets: []float64{.5, 1}})
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "native_seconds", Help: "N.", NativeHistogramBucketFactor: 1.1})
	summary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "s_bytes", Help: "S.", Objectives: map[float64]float64{.5: .01}})
	untyped := prometheus.NewUntypedFunc(prometheus.UntypedOpts{Name: "u", Help: "U."}, func() float64 { return 7 })
	m.Registerer().MustRegister(histogram, native, summary, untyped)
	observe := func() {
		for _, v := range []float64{.25, .75, 4} {
			histogram.Observe(v)
			native.Observe(v)
			summary.Observe(v)
		}
	}
	observe()
	got := tachotest.Record(t, m, observe)
	got.Timeout = 0
	got.Want(
		`h_seconds_count 3`, `h_seconds_sum 5`,
		`h_seconds_bucket{le="0.5"} 1`, `h_seconds_bucket{le="1"} 2`, `h_seconds_bucket{le="1.0"} 2`, `h_seconds_bucket{le="+Inf"} 3`,
		`native_seconds_count{} 3`, `native_seconds_sum{} 5`, `native_seconds_bucket{le="+Inf"} 3`,
		`s_bytes_count 3`, `s_bytes_sum 5`,
		`u 0`,
	)
	all := tachotest.All(t, m)
	all.Want(`s_bytes{quantile="0.50"} 0.75`, `h_seconds_count 6`, `u 7`)
}

func TestValuesThatAreNotExact(t *testing.T) {
	m := newMeter(t)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "v", Help: "V."}, []string{"of"})
	m.Registerer().MustRegister(v)
	v.WithLabelValues("tenths").Set(.3)
	v.WithLabelValues("infinity").Set(math.Inf(1))
	v.WithLabelValues("much").Set(1 << 40)
	v.WithLabelValues("never").Set(math.NaN())
	got := tachotest.Record(t, m, func() {
		v.WithLabelValues("tenths").Add(.1)
		v.WithLabelValues("nothing").Set(math.NaN())
		v.WithLabelValues("less").Set(math.Inf(-1))
		v.WithLabelValues("much").Inc()
	})
	got.Timeout = 0
	got.Want(
		`v{of="tenths"} 0.1`, `v{of="nothing"} NaN`, `v{of="infinity"} 0`, `v{of="less"} -Inf`, `v{of="much"} 1`,
	)
	got.WantNone(`v{of="infinity"}`, `v{of="never"}`)
	failed := runTest(func(ft testing.TB) {
		wrong := tachotest.Record(ft, m, func() { v.WithLabelValues("much").Inc() })
		wrong.Timeout = 0
		wrong.Want(`v{of="much"} 2`)
		wrong.Want(`v{of="much"} 0`)
		wrong.Want(`v{of="infinity"} 1`)
		wrong.Want(`v{of="tenths"} 0.0000000001`)
		wrong.Want(`v{of="tenths"} +Inf`)
	})
	if len(failed.reports) != 5 {
		t.Errorf("%d of five wrong values were reported: %q", len(failed.reports), failed.reports)
	}
}

// TestSamplesThatVanish: they count as 0.
func TestSamplesThatVanish(t *testing.T) {
	m := newMeter(t)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "v", Help: "V."}, []string{"of"})
	m.Registerer().MustRegister(v)
	v.WithLabelValues("x").Set(3)
	got := tachotest.Record(t, m, func() {
		v.Reset()
		v.WithLabelValues("y").Set(0)
	})
	got.Timeout = 0
	got.WantOnly(`v{of="x"} -3`)
	got.Want(`v{of="y"} 0`)
}
