package expo

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/tacho-go/tacho/internal/hist"
)

// TestPythonFormatNames: names that the text format cannot hold get underscores, in every
// line in which they stand, and write no lines of their own.
func TestPythonFormatNames(t *testing.T) {
	reg := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders.placed"}, []string{"the.shop", "a b"})
	times := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "time\nroot 2", Buckets: []float64{1}}, []string{"z-z", "a\n"})
	reg.MustRegister(counter, times)
	counter.WithLabelValues("x", "y").Inc()
	times.WithLabelValues("x", "y").Observe(2)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	python := NewPython(&out, false)
	for _, f := range families {
		python.Write(f)
	}
	if err := python.Flush(); err != nil {
		t.Fatal(err)
	}
	body := out.String()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	if _, err := parser.TextToMetricFamilies(strings.NewReader(body)); err != nil {
		t.Errorf("%v in\n%s", err, body)
	}
	for _, want := range []string{
		`orders_placed{a_b="y",the_shop="x"} 1.0`,
		`time_root_2_bucket{a_="y",le="1.0",z_z="x"} 0.0`, `time_root_2_count{a_="y",z_z="x"} 1.0`,
	} {
		if !strings.Contains("\n"+body, "\n"+want+"\n") {
			t.Errorf("there is no %s in\n%s", want, body)
		}
	}
}

// TestPythonFloat: numbers are written as Python writes them.
func TestPythonFloat(t *testing.T) {
	for f, want := range map[float64]string{
		1: "1.0", 0.25: "0.25", 0: "0.0", 123456: "123456.0", 1e6: "1e+06", 1234567: "1.234567e+06", 1234567.5: "1.2345675e+06",
		-1234567: "-1234567.0", 1.2e12: "1.2e+12", 1e16: "1e+16", 5e-324: "5e-324", 1e-5: "1e-05", 0.0001: "0.0001", 1e21: "1e+21", 100000.5: "100000.5",
		hist.Infinity: "+Inf", -hist.Infinity: "-Inf",
	} {
		if got := string(pythonFloat(nil, f)); got != want {
			t.Errorf("%v is written %s, Python writes %s", f, got, want)
		}
	}
}
