package doctor

import (
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// TestScraper: it reads what Prometheus would that takes native histograms,
// with the time of the visit and the families for schema.Detect.
func TestScraper(t *testing.T) {
	r := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "seconds", NativeHistogramBucketFactor: 1.1})
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tea_total"}, []string{"kind"})
	r.MustRegister(h, c)
	h.Observe(0.3)
	c.WithLabelValues("green").Add(2)
	srv := httptest.NewServer(promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	defer srv.Close()
	s, err := NewScraper(Options{URL: srv.Listener.Addr().String()}, "test")
	if err != nil {
		t.Fatal(err)
	}
	scrape, err := s.Scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.URL() != srv.URL+"/metrics" || scrape.At.IsZero() || len(scrape.Families["tea_total"]) != 1 {
		t.Errorf("of %s: %+v", s.URL(), scrape)
	}
	for _, m := range scrape.Samples {
		switch {
		case m.Name == "seconds" && (m.Native == nil || m.Native.Count != 1 || m.Native.Sum != 0.3):
			t.Errorf("the native histogram is %v", m.Native)
		case m.Name == "tea_total" && (m.Value != 2 || m.Labels.Get("kind") != "green" || m.Native != nil):
			t.Errorf("the counter is %+v", m)
		}
	}
	if len(scrape.Samples) != 2 {
		t.Errorf("%d samples, want 2", len(scrape.Samples))
	}
}
