package tacho_test

import (
	"log/slog"
	"testing"

	"github.com/tacho-go/tacho"
)

var discard = slog.New(slog.DiscardHandler)

// sample adds up a metric's label sets: values of counters and gauges, sums of
// histograms.
func sample(t *testing.T, m *tacho.Meter, name string) float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, s := range f.GetMetric() {
			total += s.GetCounter().GetValue() + s.GetGauge().GetValue() + s.GetHistogram().GetSampleSum()
		}
	}
	return total
}
