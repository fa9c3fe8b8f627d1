package tacho

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestPythonFormatNames: names that the text format cannot hold get underscores, in every
// line in which they stand, and write no lines of their own.
func TestPythonFormatNames(t *testing.T) {
	m := MustNew(Options{PythonFormat: true, OmitRuntime: true, OmitHTTP: true})
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "orders.placed"}, []string{"the.shop", "a b"})
	times := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "time\nroot 2", Buckets: []float64{1}}, []string{"z-z", "a\n"})
	m.Registerer().MustRegister(counter, times)
	counter.WithLabelValues("x", "y").Inc()
	times.WithLabelValues("x", "y").Observe(2)
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body := w.Body.String()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	if _, err := parser.TextToMetricFamilies(strings.NewReader(body)); err != nil {
		t.Errorf("%v in\n%s", err, body)
	}
	for _, want := range []string{
		`orders_placed{a_b="y",the_shop="x"} 1.0`,
		`time_root_2_bucket{a_="y",le="1.0",z_z="x"} 0.0`, `time_root_2_count{a_="y",z_z="x"} 1.0`,
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("there is no %s in\n%s", want, body)
		}
	}
}
