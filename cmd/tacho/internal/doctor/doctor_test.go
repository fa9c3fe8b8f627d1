package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A service is what a careful person writes with client_golang. Faults are
// seeded into it.
type service struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newService() *service {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	auto := promauto.With(reg)
	s := &service{
		registry: reg,
		requests: auto.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests."}, []string{"method", "path", "status"}),
		duration: auto.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds", Help: "Latency."}, []string{"method", "path", "status"}),
		inFlight: auto.NewGauge(prometheus.GaugeOpts{Name: "http_requests_in_flight", Help: "Now."}),
	}
	for i, path := range []string{"/", "/api", "/users/{id}"} {
		for n := range 200 {
			s.serve("GET", path, "200", 0.004+float64(i*n)/500)
		}
	}
	s.serve("GET", "unmatched", "404", 0.001)
	return s
}

func (s *service) serve(method, path, status string, seconds float64) {
	s.requests.WithLabelValues(method, path, status).Inc()
	s.duration.WithLabelValues(method, path, status).Observe(seconds)
}

func (s *service) handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// quick are options that do not wait.
func quick(url string) Options {
	return Options{URL: url, Interval: time.Millisecond}
}

// examine runs the doctor on a handler.
func examine(t *testing.T, h http.Handler) Report {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return mustExamine(t, quick(server.URL))
}

func mustExamine(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Examine(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r Report) with(id string) []Finding {
	var found []Finding
	for _, f := range r.Findings {
		if f.ID == id {
			found = append(found, f)
		}
	}
	return found
}

// mustBeWell fails on anything above info.
func mustBeWell(t *testing.T, r Report) {
	t.Helper()
	if r.ExitCode() != 0 {
		t.Errorf("something is said against a healthy service:\n%s", text(r))
	}
}

func text(r Report) string {
	var b strings.Builder
	r.Text(&b)
	return b.String()
}

func TestHealthy(t *testing.T) {
	r := examine(t, newService().handler())
	mustBeWell(t, r)
	if want := []string{"no-exemplars"}; !slices.Equal(r.ids(), want) {
		t.Errorf("findings %v, want %v:\n%s", r.ids(), want, text(r))
	}
	if !slices.Contains(r.Speaks, "default") {
		t.Errorf("speaks %v, want default", r.Speaks)
	}
}

func (r Report) ids() []string {
	var ids []string
	for _, f := range r.Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

// exposed serves a text exposition as it stands.
func exposed(lines ...string) http.Handler {
	return typed("text/plain; version=0.0.4", lines...)
}

func typed(contentType string, lines ...string) http.Handler {
	body := strings.Join(lines, "\n") + "\n"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		if contentType == "" {
			w.Header()["Content-Type"] = nil
		}
		io.WriteString(w, body)
	})
}

// repeat writes one line for each number below n.
func repeat(n int, format string) string {
	var lines []string
	for i := range n {
		lines = append(lines, strings.ReplaceAll(format, "#", fmt.Sprint(i)))
	}
	return strings.Join(lines, "\n")
}
