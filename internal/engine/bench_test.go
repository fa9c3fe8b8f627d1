package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/metertest"
)

// The pieces of what a request costs; docs/performance.md quotes them. What
// they add up to, and what others cost, is measured by the bench module.

func BenchmarkClock(b *testing.B) {
	b.Run("monotonic, twice", func(b *testing.B) {
		var c engine.Shared
		for b.Loop() {
			begin := c.Now()
			_ = c.Now() - begin
		}
	})
	b.Run("time.Now and Since", func(b *testing.B) {
		for b.Loop() {
			_ = time.Since(time.Now())
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	t := engine.Of(tacho.MustNew(tacho.Options{})).Store
	for _, r := range []string{"/a", "/b/{x}", "/api/v1/users/{id}", "/c"} {
		t.Route(r)
		t.Route(r)
	}
	pattern := "/api/v1/users/{id}"
	b.Run("by address", func(b *testing.B) {
		for b.Loop() {
			t.StaticRoute(pattern, metertest.AsItIs)
		}
	})
	b.Run("by content", func(b *testing.B) {
		for b.Loop() {
			t.Route(pattern)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	trace := func(context.Context) (string, string) { return "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7" }
	for _, of := range []struct {
		name string
		opts tacho.Options
	}{
		{"classic", tacho.Options{}},
		{"and native", tacho.Options{NativeHistograms: true}},
		{"and exemplars", tacho.Options{TraceFunc: trace}},
	} {
		b.Run(of.name, func(b *testing.B) {
			m := tacho.MustNew(of.opts)
			s := engine.Of(m).Store.Series(engine.Of(m).Store.Route("/x"), "GET", false, 200)
			ctx, now := context.Background(), int64(1)
			for b.Loop() {
				now += 1000
				bucket := s.Observe(3e6, 1)
				if s.Exemplars != nil {
					engine.Of(m).Exemplify(s, ctx, bucket, now, 3e6)
				}
			}
		})
	}
	b.Run("client_golang counter and histogram", func(b *testing.B) {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "c"})
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Buckets: tacho.DefaultBuckets()})
		for b.Loop() {
			c.Inc()
			h.Observe(3e-3)
		}
	})
}

func BenchmarkHandler(b *testing.B) {
	for name, opts := range map[string]tacho.Options{"everything on": {}, "minimal": {Minimal: true}} {
		b.Run(name, func(b *testing.B) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
			h := tacho.MustNew(opts).Handler(mux)
			w, r := metertest.NewSink(), httptest.NewRequest("GET", "/users/1", nil)
			for b.Loop() {
				r.Pattern = ""
				h.ServeHTTP(w, r)
			}
		})
	}
}
