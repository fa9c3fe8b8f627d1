package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestStreamClock sees where the time of a stream goes, to the nanosecond.
func TestStreamClock(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	now := int64(0)
	engine.Of(m).Clock = func() int64 { return now }
	var x metertest.Exchange
	metertest.Begin(m, &x, "GET", "/events")
	now += int64(20 * time.Millisecond)
	x.WroteHeader(context.Background(), 200)
	x.Flushed("Text/Event-Stream; charset=utf-8")
	if engine.Of(m).Store.Streams.Load() != 1 {
		t.Error("the stream is not in flight")
	}
	now += int64(time.Hour)
	x.Flushed("text/event-stream")
	x.Route = "/events"
	metertest.End(m, &x)
	metertest.Line(t, m, `http_request_duration_seconds_sum{method="GET",path="/events",status="200"} 0.02`)
	metertest.Line(t, m, `http_stream_duration_seconds_sum{method="GET",path="/events"} 3600.02`)
	metertest.Line(t, m, `http_streams_in_flight 0`)
	x.Flushed("text/event-stream") // too late, and harmless
	if engine.Of(m).Store.Streams.Load() != 0 {
		t.Error("a late flush opened a stream")
	}
}

// TestExcludeFuncPanics: the user's function failing is not the request's
// business.
func TestExcludeFuncPanics(t *testing.T) {
	var log bytes.Buffer
	m := tacho.MustNew(tacho.Options{
		Exclude: tacho.Exclude{Func: func(string, string) bool { panic("on purpose") }},
		Logger:  slog.New(slog.NewTextHandler(&log, nil)),
	})
	metertest.Record(m, "GET", "/x", 200)
	metertest.Record(m, "GET", "/x", 200)
	metertest.Line(t, m, `http_requests_total{method="GET",path="/x",status="200"} 2`)
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "Options.Exclude.Func panicked") {
		t.Error(log.String())
	}
}

// TestMetricsNeverRecordsItself wherever it is mounted.
func TestMetricsNeverRecordsItself(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	mux.Handle("GET /internal/numbers", m.Metrics())
	h := m.Handler(mux)
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/internal/numbers", nil))
	}
	if n := metertest.Total(m); n != 0 {
		t.Errorf("%d scrapes were recorded as requests", n)
	}
}

// TestAllocations: a measured request allocates nothing of its own. (The 32
// bytes of its handle come many requests at a time.)
func TestAllocations(t *testing.T) {
	mux := http.NewServeMux()
	body := []byte("ok")
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	m := tacho.MustNew(tacho.Options{})
	measured := m.Handler(mux)
	for name, target := range map[string]string{"matched": "/users", "excluded": "/healthz"} {
		w, r := metertest.NewSink(), httptest.NewRequest("GET", target, nil)
		bare := testing.AllocsPerRun(1000, func() { mux.ServeHTTP(w, r) })
		got := testing.AllocsPerRun(1000, func() { measured.ServeHTTP(w, r) })
		if got > bare {
			t.Errorf("%s: %v allocations, without us %v", name, got, bare)
		}
	}
}

func FuzzRoutes(f *testing.F) {
	for _, s := range []string{"/", "/users/1", "//x", "/a/../b", "/%2F", "*", "/users/{id}", "/v/\xff"} {
		f.Add("GET", s, "example.com")
	}
	m := tacho.MustNew(tacho.Options{SeriesLimit: 100, Logger: slog.New(slog.DiscardHandler), OmitRuntime: true})
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
		all, _ := engine.Of(m).Store.Ordered()
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
