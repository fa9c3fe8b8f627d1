package tacho

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/store"
)

// exchange records one request as an adapter would.
func exchange(m *Meter, method, route string, status int) {
	var x Exchange
	if m.Begin(&x, method, "/some/path") {
		x.WroteHeader(context.Background(), status)
		x.Route = route
		m.End(&x)
	}
}

// setsOf counts a family's label sets in what a scrape gives.
func setsOf(t *testing.T, m *Meter, name string) int {
	t.Helper()
	n, err := testutil.GatherAndCount(m.Gatherer(), name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// line checks that a scrape has a line.
func line(t *testing.T, m *Meter, want string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(w.Body.String(), "\n"+want+"\n") {
		name, _, _ := strings.Cut(want, "{")
		var have []string
		for l := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(l, name) {
				have = append(have, l)
			}
		}
		t.Errorf("no line %s in\n%s", want, strings.Join(have[:min(len(have), 20)], ""))
	}
}

// TestBudget: past the limit new routes, or new statuses where these are the
// many ones, fold into __overflow__; nothing is lost, and the log says it once.
func TestBudget(t *testing.T) {
	const limit = 100
	fill := func(t *testing.T, record func(m *Meter, i int)) (*Meter, string) {
		var log bytes.Buffer
		m := MustNew(Options{SeriesLimit: limit, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for i := range 3000 {
			record(m, i)
		}
		if n := setsOf(t, m, "http_requests_total"); n > limit+store.OverflowAllowance {
			t.Errorf("%d label sets, the limit is %d", n, limit)
		}
		if got := m.total(); got != 3000 {
			t.Errorf("%d requests are counted, want 3000", got)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d log lines, want 1:\n%s", n, &log)
		}
		line(t, m, `tacho_series_limit{metric="http_requests_total"} 100`)
		return m, log.String()
	}
	t.Run("routes", func(t *testing.T) {
		m, log := fill(t, func(m *Meter, i int) { exchange(m, "GET", fmt.Sprintf("/r%d", i), 200) })
		line(t, m, `http_requests_total{method="GET",path="__overflow__",status="200"} 2900`)
		line(t, m, `tacho_overflow_total{label="path",metric="http_requests_total"} 2900`)
		line(t, m, `tacho_series{metric="http_requests_total"} 101`)
		if !strings.Contains(log, "label=path") {
			t.Error(log)
		}
	})
	t.Run("statuses", func(t *testing.T) {
		m, log := fill(t, func(m *Meter, i int) { exchange(m, "GET", "/one", 200+i%700) })
		line(t, m, `tacho_overflow_total{label="path",metric="http_requests_total"} 0`)
		if !strings.Contains(log, "label=status") {
			t.Error(log)
		}
		if n := setsOf(t, m, "http_requests_total"); n != limit+1 {
			t.Errorf("%d label sets, want %d and one for __overflow__", n, limit)
		}
	})
	t.Run("everything at once", func(t *testing.T) {
		fill(t, func(m *Meter, i int) {
			exchange(m, labelvalue.StandardMethods[i%10], fmt.Sprintf("/r%d", i), 200+i%700)
		})
	})
	t.Run("sizes and panics keep it too", func(t *testing.T) {
		m, _ := fill(t, func(m *Meter, i int) { exchange(m, labelvalue.StandardMethods[i%10], fmt.Sprintf("/r%d", i%500), 200) })
		for _, name := range []string{"http_request_size_bytes", "http_response_size_bytes", "http_request_panics_total", "http_request_duration_seconds"} {
			if n := setsOf(t, m, name); n > limit+store.OverflowAllowance {
				t.Errorf("%s has %d label sets, the limit is %d", name, n, limit)
			}
		}
	})
	t.Run("expected routes take half", func(t *testing.T) {
		m := MustNew(Options{SeriesLimit: limit})
		for i := range 90 {
			m.Expect("GET", fmt.Sprintf("/r%d", i))
		}
		if n := setsOf(t, m, "http_requests_total"); n != limit/2 {
			t.Errorf("%d label sets at zero, want %d", n, limit/2)
		}
		if n := setsOf(t, m, "http_request_duration_seconds"); n != 0 {
			t.Errorf("%d histograms without an observation", n)
		}
	})
}

// total adds up all requests.
func (m *Meter) total() (n uint64) {
	all, _ := m.store.Ordered()
	for _, s := range all {
		n += s.Count()
	}
	return n
}

func TestStatusTextAndConstLabels(t *testing.T) {
	m := MustNew(Options{Status: Status{Text: true}, Namespace: "shop", ConstLabels: map[string]string{"app": "a\xff", "zone": "1"}})
	exchange(m, "GET", "/x", 404)
	line(t, m, `shop_http_requests_total{app="a�",method="GET",path="/x",status="Not Found",zone="1"} 1`)
	line(t, m, `tacho_series{app="a�",metric="shop_http_requests_total",zone="1"} 1`)
}

func TestMethods(t *testing.T) {
	m := MustNew(Options{Methods: []string{"PROPFIND", "GET"}})
	for _, method := range append([]string{"PROPFIND", "get", "FOO", ""}, labelvalue.StandardMethods...) {
		exchange(m, method, "/x", 200)
	}
	line(t, m, `http_requests_total{method="PROPFIND",path="/x",status="200"} 1`)
	line(t, m, `http_requests_total{method="OTHER",path="/x",status="200"} 4`)
	if n := setsOf(t, m, "http_requests_total"); n != len(labelvalue.StandardMethods)+1 {
		t.Errorf("%d methods, want %d", n, len(labelvalue.StandardMethods)+1)
	}
}

// TestStreamClock sees where the time of a stream goes, to the nanosecond.
func TestStreamClock(t *testing.T) {
	m := MustNew(Options{})
	now := int64(0)
	m.shared.Clock = func() int64 { return now }
	var x Exchange
	m.Begin(&x, "GET", "/events")
	now += int64(20 * time.Millisecond)
	x.WroteHeader(context.Background(), 200)
	x.Flushed("Text/Event-Stream; charset=utf-8")
	if m.store.Streams.Load() != 1 {
		t.Error("the stream is not in flight")
	}
	now += int64(time.Hour)
	x.Flushed("text/event-stream")
	x.Route = "/events"
	m.End(&x)
	line(t, m, `http_request_duration_seconds_sum{method="GET",path="/events",status="200"} 0.02`)
	line(t, m, `http_stream_duration_seconds_sum{method="GET",path="/events"} 3600.02`)
	line(t, m, `http_streams_in_flight 0`)
	x.Flushed("text/event-stream") // too late, and harmless
	if m.store.Streams.Load() != 0 {
		t.Error("a late flush opened a stream")
	}
}

// TestPromlint: Prometheus's own linter has nothing to say.
func TestPromlint(t *testing.T) {
	m := MustNew(Options{})
	exchange(m, "GET", "/x", 200)
	var x Exchange
	m.Begin(&x, "GET", "/x")
	x.Hijack()
	m.End(&x)
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

// TestPedantic: as a plain collector in a pedantic registry, which compares
// every metric with what was described.
func TestPedantic(t *testing.T) {
	m := MustNew(Options{ConstLabels: map[string]string{"app": "x"}})
	exchange(m, "GET", "/x", 200)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(m)
	if _, err := reg.Gather(); err != nil {
		t.Error(err)
	}
}

// TestExcludeFuncPanics: the user's function failing is not the request's
// business.
func TestExcludeFuncPanics(t *testing.T) {
	var log bytes.Buffer
	m := MustNew(Options{
		Exclude: Exclude{Func: func(string, string) bool { panic("on purpose") }},
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
	})
	exchange(m, "GET", "/x", 200)
	exchange(m, "GET", "/x", 200)
	line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 2`)
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "Options.Exclude.Func panicked") {
		t.Error(log.String())
	}
}

// TestMetricsNeverRecordsItself wherever it is mounted.
func TestMetricsNeverRecordsItself(t *testing.T) {
	m := MustNew(Options{})
	mux := http.NewServeMux()
	mux.Handle("GET /internal/numbers", m.Metrics())
	h := m.Handler(mux)
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/internal/numbers", nil))
	}
	if n := m.total(); n != 0 {
		t.Errorf("%d scrapes were recorded as requests", n)
	}
}

// sink is a ResponseWriter that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// TestAllocations: a measured request allocates nothing of its own. (The 32
// bytes of its handle come many requests at a time.)
func TestAllocations(t *testing.T) {
	mux := http.NewServeMux()
	body := []byte("ok")
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	m := MustNew(Options{})
	measured := m.Handler(mux)
	for name, target := range map[string]string{"matched": "/users", "excluded": "/healthz"} {
		w, r := &sink{http.Header{}}, httptest.NewRequest("GET", target, nil)
		bare := testing.AllocsPerRun(1000, func() { mux.ServeHTTP(w, r) })
		got := testing.AllocsPerRun(1000, func() { measured.ServeHTTP(w, r) })
		if got > bare {
			t.Errorf("%s: %v allocations, without us %v", name, got, bare)
		}
	}
}

func FuzzLabels(f *testing.F) {
	for _, s := range []string{"", "/users/{id}", "\xff", strings.Repeat("ä", 200), "\x00", "a\nb\"c\\"} {
		f.Add(s)
	}
	m := MustNew(Options{SeriesLimit: 50, Logger: slog.New(slog.DiscardHandler), OmitRuntime: true})
	f.Fuzz(func(t *testing.T, s string) {
		got := labelvalue.Clean(s)
		if !utf8.ValidString(got) || len(got) > labelvalue.MaxBytes || labelvalue.Clean(got) != got {
			t.Errorf("cleanLabel(%q) = %q", s, got)
		}
		exchange(m, s, s, 200)
		if _, err := m.Gatherer().Gather(); err != nil {
			t.Error(err)
		}
		if all, _ := m.store.Ordered(); len(all) > 50+store.OverflowAllowance {
			t.Errorf("%d label sets", len(all))
		}
	})
}

func FuzzRoutes(f *testing.F) {
	for _, s := range []string{"/", "/users/1", "//x", "/a/../b", "/%2F", "*", "/users/{id}", "/v/\xff"} {
		f.Add("GET", s, "example.com")
	}
	m := MustNew(Options{SeriesLimit: 100, Logger: slog.New(slog.DiscardHandler), OmitRuntime: true})
	inner, outer := http.NewServeMux(), http.NewServeMux()
	nothing := func(http.ResponseWriter, *http.Request) {}
	inner.HandleFunc("GET /users/{id}", nothing)
	inner.HandleFunc("/tree/", nothing)
	outer.Handle("/api/", http.StripPrefix("/api", m.Handler(inner)))
	outer.HandleFunc("/x/{any}/", nothing)
	h := m.Handler(outer)
	f.Fuzz(func(t *testing.T, method, path, host string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.URL.Path, r.Host = method, path, host
		h.ServeHTTP(httptest.NewRecorder(), r)
		// Two muxes of two routes each, and unmatched: no path makes more.
		routes := map[string]bool{}
		all, _ := m.store.Ordered()
		for _, s := range all {
			routes[s.Of.Route.Label] = true
		}
		if len(routes) > 8 {
			t.Errorf("%s %q on %q made route %d", method, path, host, len(routes))
		}
		if _, err := m.Gatherer().Gather(); err != nil {
			t.Error(err)
		}
	})
}
