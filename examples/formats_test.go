package examples

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
)

// scrapedService answers requests and records the formats that scrapers receive.
type scrapedService struct {
	*httptest.Server
	mu      sync.Mutex
	accepts map[string]bool // by the Content-Type of the response
}

func startScraped(t *testing.T) *scrapedService {
	t.Helper()
	m := tacho.MustNew(tacho.Options{
		NativeHistograms: true,
		TraceFunc: func(context.Context) (traceID, spanID string) {
			return "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
		},
	})
	s := &scrapedService{accepts: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /work", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") })
	metrics := m.Metrics()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		metrics.ServeHTTP(w, r)
		s.mu.Lock()
		defer s.mu.Unlock()
		kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		s.accepts[kind+" "+w.Header().Get("Content-Encoding")] = true
	})
	s.Server = httptest.NewServer(m.Handler(mux))
	t.Cleanup(s.Close)
	return s
}

// served reports whether a scrape received this format.
func (s *scrapedService) served(kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepts[kind]
}

func (s *scrapedService) work(t *testing.T, n int) {
	t.Helper()
	for range n {
		resp, err := client.Get(s.URL + "/work")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// TestPrometheusReadsFormats: a real Prometheus requests OpenMetrics with exemplars and, if
// configured to keep native histograms, protobuf with those.
func TestPrometheusReadsFormats(t *testing.T) {
	const requests = 40
	for _, test := range []struct{ name, features, kind, query string }{
		{
			"OpenMetrics with exemplars", "exemplar-storage", "application/openmetrics-text gzip",
			`http_request_duration_seconds_count{path="/work"}`,
		},
		{
			"protobuf with native histograms", "exemplar-storage,native-histograms", "application/vnd.google.protobuf gzip",
			`histogram_count(http_request_duration_seconds{path="/work"})`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := startScraped(t)
			prom := startPrometheus(t, strings.TrimPrefix(service.URL, "http://"), "--enable-feature="+test.features)
			service.work(t, requests)
			prom.scrapeAfter(t, time.Now())
			if !service.served(test.kind) {
				t.Errorf("scrapes received %v, want %s", service.accepts, test.kind)
			}
			await(t, "all requests in "+test.query, func() bool {
				found, err := prom.instant(time.Now(), test.query)
				return err == nil && found["/work 200"] == requests
			})
			if test.features == "exemplar-storage" {
				checkExemplars(t, prom)
			} else {
				checkQuantile(t, prom)
			}
		})
	}
}

// checkQuantile queries a quantile of the native histogram, which has no le label.
func checkQuantile(t *testing.T, prom *prometheus) {
	t.Helper()
	got := prom.at(t, time.Now(), `histogram_quantile(0.5, http_request_duration_seconds{path="/work"})`)["/work 200"]
	if !(got > 0 && got < 0.1) {
		t.Errorf("the median of the native histogram is %v s", got)
	}
}

// checkExemplars queries the traces of the buckets from Prometheus.
func checkExemplars(t *testing.T, prom *prometheus) {
	t.Helper()
	resp, err := client.Get("http://" + prom.addr + "/api/v1/query_exemplars?" + url.Values{
		"query": {`http_request_duration_seconds_bucket{path="/work"}`},
		"start": {time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)},
		"end":   {time.Now().Add(time.Minute).UTC().Format(time.RFC3339)},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data []struct {
			Exemplars []struct{ Labels map[string]string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Data) == 0 || len(answer.Data[0].Exemplars) == 0 || answer.Data[0].Exemplars[0].Labels["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("Prometheus has the exemplars %+v", answer.Data)
	}
}
