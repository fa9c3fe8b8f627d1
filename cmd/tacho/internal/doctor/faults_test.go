package doctor

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// faults are services, each with one deliberate fault.
var faults = []struct {
	name     string
	id       string
	severity Severity
	says     string // in the title or the evidence
	service  func() http.Handler
}{
	{"numbers in the path", "raw-ids", Error, `"/users/0"`, seeded(func(s *service) {
		for i := range 30 {
			s.serve("GET", fmt.Sprintf("/users/%d", i), "200", 0.01)
		}
	})},
	{"few numbers in the path", "raw-ids", Warning, `"/orders/7/items"`, seeded(func(s *service) {
		for _, id := range []string{"7", "8", "31"} {
			s.serve("GET", "/orders/"+id+"/items", "200", 0.01)
		}
	})},
	{"UUIDs in the path", "raw-ids", Warning, "UUID", seeded(func(s *service) {
		s.serve("GET", "/files/6f1c2a52-98a5-4d0e-9a1e-0f2f5d1e7c11", "200", 0.01)
		s.serve("GET", "/files/8ad0b1d4-2c55-4f8a-8f51-6f0c1b2a3d44", "200", 0.01)
	})},
	{"user ids", "raw-ids", Error, "user_id", business("user_id", 40, "10#")},
	{"e-mail addresses", "raw-ids", Error, "e-mail", business("user", 1, "ann@example.org")},
	{"times", "raw-ids", Warning, "timestamp", business("since", 5, "17000000#0")},
	{"sessions", "raw-ids", Warning, "hex", business("session", 4, "9f86d081884c7d6#")},
	{"tokens", "raw-ids", Warning, "token", business("key", 4, "kZ3x9QpL7vB2mN5#")},

	{"Host header", "client-label", Warning, "evil-1.example", httpLabel("host", 20, "evil-#.example")},
	{"very many hosts", "client-label", Error, "97 more", httpLabel("host", 100, "evil-#.example")},
	{"one host", "client-label", Info, "localhost:8080", httpLabel("host", 1, "localhost:8080")},
	{"User-Agent", "client-label", Warning, "curl/8.0", httpLabel("user_agent", 3, "curl/8.#")},
	{"methods that do not exist", "unbounded-method", Warning, "XA1", seeded(func(s *service) {
		for i := range 5 {
			s.serve(fmt.Sprintf("XA%d", i), "/api", "405", 0.01)
		}
	})},
	{"a scanner's paths", "unmatched-paths", Warning, "/wp-login.php", seeded(func(s *service) {
		s.serve("GET", "/wp-login.php", "404", 0.001)
		s.serve("GET", "/.env", "404", 0.001)
	})},
	{"paths that never existed", "unmatched-paths", Warning, "only 404 responses", seeded(func(s *service) {
		for _, p := range strings.Fields("/a /b /c /d /e") {
			s.serve("GET", p, "404", 0.001)
		}
	})},
	{"queries in the path", "unmatched-paths", Warning, "/search?q=", seeded(func(s *service) {
		s.serve("GET", "/search?q=tacho", "200", 0.001)
	})},
	{"label values that keep coming", "growth", Warning, "new values", growing},
	{"very many label values", "many-values", Warning, "600 values", business("city", 600, "town #")},
	{"absurdly many label values", "many-values", Error, "5001 values", business("city", 5001, "town #")},

	{"buckets that end too early", "beyond-buckets", Warning, `"/slow"`, seeded(func(s *service) {
		for range 150 {
			s.serve("GET", "/slow", "200", 30)
		}
	})},
	{"one wide bucket", "one-bucket", Warning, "between 0.1 and 10", histogramOf("http_request_duration_seconds", []float64{0.1, 10}, 0.2)},
	{"one bucket in seconds that should be ms", "one-bucket", Warning, "between 0 and 5", histogramOf("http_request_duration_seconds", []float64{5, 10}, 0.02)},
	{"all requests are fast", "one-bucket", Info, "between 0 and 0.005", histogramOf("http_request_duration_seconds", nil, 0.0002)},
	{"milliseconds in a metric of seconds", "beyond-buckets", Warning, "the mean is 230", histogramOf("http_request_duration_seconds", nil, 230)},

	{"a counter without _total", "lint", Warning, "jobs", counterOf("jobs", "Jobs.")},
	{"no help", "lint", Info, "no help text", lines("# TYPE jobs_total counter", "jobs_total 1")},
	{"milliseconds in the name", "units", Warning, "http_request_duration_seconds", gaugeOf("queue_wait_milliseconds", 1)},
	{"words for statuses", "status-text", Warning, `"Not Found"`, seeded(func(s *service) {
		s.serve("GET", "/api", "OK", 0.01)
		s.serve("GET", "/api", "Not Found", 0.01)
	})},
	{"NaN", "nan", Warning, "load", gaugeOf("load", nan)},
	{"negative in-flight gauge", "impossible-values", Warning, "-3", lines("# TYPE jobs_in_flight gauge", "jobs_in_flight -3")},
	{"negative sizes", "impossible-values", Warning, "-1", lines("# TYPE http_response_size_bytes summary",
		"http_response_size_bytes_sum -1", "http_response_size_bytes_count 1")},
	{"negative counter", "impossible-values", Warning, "-5", lines("# TYPE jobs_total counter", "jobs_total -5")},

	{"malformed", "malformed", Error, "line 3", lines("# TYPE a gauge", "a 1", "b{x=1} 2", "c 3")},
	{"bad UTF-8", "malformed", Error, "UTF-8", lines("# TYPE a gauge", "a{path=\"/\xc0\xae\"} 1")},
	{"a label twice", "malformed", Error, "duplicate label name", lines("# TYPE a gauge", `a{x="1",x="2"} 1`)},
	{"OpenMetrics without its end", "malformed", Error, "line 2", of(typed("application/openmetrics-text; version=1.0.0", "# TYPE a gauge", "a 1"))},
	{"protobuf that is none", "malformed", Error, "protobuf", onlyFor("protobuf", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "\x01\x02\x03")},
	{"text that no scraper reads", "malformed", Error, "line 1", of(exposed("Hello, world!"))},
	{"no content type", "content-type", Error, "no Content-Type", of(typed("", "# TYPE a gauge", "a 1"))},
	{"strange content type", "content-type", Error, "application/octet-stream", of(typed("application/octet-stream", "# TYPE a gauge", "a 1"))},
	{"nothing", "empty", Warning, "no series", of(exposed(""))},
	{"a sample twice", "duplicate-samples", Error, `a{x="1"}`, lines("# TYPE a gauge", `a{x="1"} 1`, `a{x="1"} 2`)},
	{"a family twice", "duplicate-families", Warning, "2 TYPE", lines("# TYPE a gauge", `a{x="1"} 1`, "# TYPE a gauge", `a{x="2"} 2`)},
	{"no +Inf", "broken-histogram", Error, "+Inf", lines("# TYPE h histogram", `h_bucket{le="1"} 1`, "h_sum 1", "h_count 1")},
	{"buckets that shrink", "broken-histogram", Error, `le="2"`, lines("# TYPE h histogram",
		`h_bucket{le="1"} 5`, `h_bucket{le="2"} 3`, `h_bucket{le="+Inf"} 5`, "h_sum 1", "h_count 5")},
	{"count and +Inf differ", "broken-histogram", Error, "_count is 6", lines("# TYPE h histogram",
		`h_bucket{le="1"} 5`, `h_bucket{le="+Inf"} 5`, "h_sum 1", "h_count 6")},
	{"timestamps", "timestamps", Warning, "a", lines("# TYPE a gauge", "a 1 1700000000000")},
	{"no types", "untyped", Info, "a, b", lines("a 1", "b 2")},
	{"a job of its own", "reserved-labels", Info, "a", lines("# TYPE a gauge", `a{job="nightly"} 1`)},
	{"quantiles in the process", "summary-quantiles", Info, "rpc", lines("# TYPE rpc summary", `rpc{quantile="0.9"} 1`, "rpc_sum 1", "rpc_count 1")},
	{"not a service", "missing", Info, "by name", lines("# TYPE a gauge", "a 1")},
	{"no exemplars", "no-exemplars", Info, "http_request_duration_seconds", seeded(func(*service) {})},

	{"the budget is spent", "overflow", Warning, "path", lines("# TYPE tacho_overflow_total counter", `tacho_overflow_total{metric="http_requests_total",label="path"} 12`)},
	{"the budget is nearly spent", "budget", Warning, "1900", lines("# TYPE tacho_series gauge", `tacho_series{metric="http_requests_total"} 1900`,
		"# TYPE tacho_series_limit gauge", `tacho_series_limit{metric="http_requests_total"} 2000`)},
	{"tacho's hint about buckets", "beyond-buckets", Warning, "40%", lines("# TYPE tacho_beyond_buckets_ratio gauge",
		`tacho_beyond_buckets_ratio{metric="http_request_duration_seconds",path="/slow"} 0.4`)},
	{"a collector that fails", "collector-errors", Warning, "panic", lines("# TYPE tacho_scrape_errors_total counter", `tacho_scrape_errors_total{reason="panic"} 2`)},
	{"errors that promhttp counts", "collector-errors", Warning, "gathering", lines("# TYPE promhttp_metric_handler_errors_total counter", `promhttp_metric_handler_errors_total{cause="gathering"} 1`)},

	{"two processes behind one port", "several-processes", Error, "http_requests_total", twoProcesses},
	{"two processes without a start time", "several-processes", Error, "jobs_total", inTurn(
		exposed("# TYPE jobs_total counter", "jobs_total 10"), exposed("# TYPE jobs_total counter", "jobs_total 4"))},
	{"a counter that is a gauge", "counter-falls", Error, "queue_total", falling},
	{"a restart", "restarted", Warning, "process_start_time_seconds", restarting},
	{"scrapes that fail", "scrape-fails", Error, "503", failing},
	{"very many series", "huge-scrape", Warning, "12000 series", lines("# TYPE a gauge", repeat(12000, `a{x="town #"} 1`))},
	{"far too many series", "huge-scrape", Error, "100000 series", lines("# TYPE a gauge", repeat(100000, `a{x="town #"} 1`))},
	{"large and not compressed", "uncompressed", Info, "per day", lines("# TYPE a gauge", repeat(6000, `a{x="town #"} 1`))},
	{"a detour", "redirected", Info, "/real", detour},
}

func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			r := examine(t, f.service())
			mustGiveWhatItMay(t, r)
			for _, found := range r.with(f.id) {
				if strings.Contains(found.Title+" "+found.Evidence, f.says) && found.Severity == f.severity {
					return
				}
			}
			t.Errorf("no %v %s that says %q:\n%s", f.severity, f.id, f.says, text(r))
		})
	}
}

// mustGiveWhatItMay: the table lists the severities of a check.
func mustGiveWhatItMay(t *testing.T, r Report) {
	t.Helper()
	for _, c := range checks() {
		for _, f := range r.with(c.id) {
			if !slices.Contains(c.severities, f.Severity) {
				t.Errorf("%s gave %v, which its table does not tell", f.ID, f.Severity)
			}
		}
	}
}

// TestEveryCheckFindsItsFault: every check has a faulty service that it must report. Those
// that need more than a handler have their own tests.
func TestEveryCheckFindsItsFault(t *testing.T) {
	elsewhere := map[string]bool{"open-endpoint": true, "slow-scrape": true, "cost": true}
	for _, f := range faults {
		elsewhere[f.id] = true
	}
	for _, c := range checks() {
		if !elsewhere[c.id] {
			t.Errorf("no service has the fault of %s", c.id)
		}
	}
}

func of(h http.Handler) func() http.Handler { return func() http.Handler { return h } }

func lines(l ...string) func() http.Handler { return of(exposed(l...)) }

// seeded is the healthy service with a fault.
func seeded(fault func(*service)) func() http.Handler {
	return func() http.Handler {
		s := newService()
		fault(s)
		return s.handler()
	}
}

// business has a counter of its own with many values of a label.
func business(label string, n int, value string) func() http.Handler {
	return seeded(func(s *service) {
		c := promauto.With(s.registry).NewCounterVec(prometheus.CounterOpts{Name: "shop_orders_total", Help: "Orders."}, []string{label})
		for i := range n {
			c.WithLabelValues(strings.ReplaceAll(value, "#", fmt.Sprint(i))).Inc()
		}
	})
}

// httpLabel has a label more on a counter of requests.
func httpLabel(label string, n int, value string) func() http.Handler {
	return seeded(func(s *service) {
		c := promauto.With(s.registry).NewCounterVec(prometheus.CounterOpts{Name: "http_hits_total", Help: "Hits."}, []string{"method", label})
		for i := range n {
			c.WithLabelValues("GET", strings.ReplaceAll(value, "#", fmt.Sprint(i))).Inc()
		}
	})
}

// histogramOf has 500 observations of one value.
func histogramOf(name string, buckets []float64, value float64) func() http.Handler {
	return func() http.Handler {
		reg := prometheus.NewRegistry()
		h := promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: "Latency.", Buckets: buckets}, []string{"method", "path"})
		for range 500 {
			h.WithLabelValues("GET", "/").Observe(value)
		}
		return (&service{registry: reg}).handler()
	}
}

// nativeHistogram has 500 observations far above the classic buckets, which it
// may have besides.
func nativeHistogram(buckets []float64) func() http.Handler {
	return func() http.Handler {
		reg := prometheus.NewRegistry()
		h := promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Latency.", Buckets: buckets, NativeHistogramBucketFactor: 1.1,
		}, []string{"method", "path"})
		for range 500 {
			h.WithLabelValues("GET", "/").Observe(30)
		}
		return (&service{registry: reg}).handler()
	}
}

func counterOf(name, help string) func() http.Handler {
	return seeded(func(s *service) {
		promauto.With(s.registry).NewCounter(prometheus.CounterOpts{Name: name, Help: help}).Inc()
	})
}

func gaugeOf(name string, value float64) func() http.Handler {
	return seeded(func(s *service) {
		promauto.With(s.registry).NewGauge(prometheus.GaugeOpts{Name: name, Help: "A gauge."}).Set(value)
	})
}

// growing gets new label values with every scrape.
func growing() http.Handler {
	s := newService()
	c := promauto.With(s.registry).NewCounterVec(prometheus.CounterOpts{Name: "searches_total", Help: "Searches."}, []string{"words"})
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 5 {
			c.WithLabelValues(fmt.Sprint("words no ", n.Add(1))).Inc()
		}
		s.handler().ServeHTTP(w, r)
	})
}

// inTurn answers as a load balancer would: each request by the next handler.
func inTurn(handlers ...http.Handler) func() http.Handler {
	return func() http.Handler {
		var n atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handlers[int(n.Add(1))%len(handlers)].ServeHTTP(w, r)
		})
	}
}

// twoProcesses are one service with the traffic spread unevenly.
func twoProcesses() http.Handler {
	busy, idle := newService(), newService()
	for range 1000 {
		busy.serve("GET", "/api", "200", 0.01)
	}
	return inTurn(busy.handler(), idle.handler())()
}

// falling has a gauge typed as a counter, and real counters.
func falling() http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := n.Add(1)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(w, "# TYPE queue_total counter\nqueue_total %d\n", 1000-i)
		for _, name := range []string{"a", "b", "c"} {
			fmt.Fprintf(w, "# TYPE %s_total counter\n%s_total %d\n", name, name, i)
		}
	})
}

// restarting begins anew, later than the doctor came.
func restarting() http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, jobs := 1.7e9, 500+n.Load()
		if n.Add(1) > 8 {
			start, jobs = 9e9, n.Load()
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintf(w, "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %v\n", start)
		fmt.Fprintf(w, "# TYPE jobs_total counter\njobs_total %d\n", jobs)
	})
}

// failing fails at its second scrape.
func failing() http.Handler {
	var n atomic.Int64
	healthy := newService().handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 2 {
			http.Error(w, "the database is away", http.StatusServiceUnavailable)
			return
		}
		healthy.ServeHTTP(w, r)
	})
}

func detour() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/real", newService().handler())
	mux.Handle("/metrics", http.RedirectHandler("/real", http.StatusFound))
	return mux
}

// onlyFor answers one format otherwise.
func onlyFor(accept, contentType, body string) func() http.Handler {
	healthy := newService().handler()
	return of(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), accept) {
			healthy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}))
}

// TestCompressedIsNotUncompressed: the same body, sent as gzip.
func TestCompressedIsNotUncompressed(t *testing.T) {
	plain := lines("# TYPE a gauge", repeat(6000, `a{x="town #"} 1`))()
	r := examine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		plain.ServeHTTP(rec, r)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		zip.Write(rec.Body.Bytes())
		zip.Close()
	}))
	if found := r.with("uncompressed"); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if r.Facts.CompressedBytes == 0 || r.Facts.CompressedBytes >= r.Facts.Bytes/2 {
		t.Errorf("%d bytes, %d on the wire", r.Facts.Bytes, r.Facts.CompressedBytes)
	}
}

var nan = math.NaN()
