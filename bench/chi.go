package main

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokstd "github.com/slok/go-http-metrics/middleware/std"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

func chiRows() []row {
	const framework = "chi"
	return []row{
		{framework, bare, func(w workload) service { return service{handler: newChi(w, nil)} }},
		{framework, "tacho with chi's own route", tachoChiRow()},
		{framework, "tacho with chi's own route, minimal", tachoChiRow(minimal)},
		{framework, "slok/go-http-metrics, net/http's, on each route", slokChi},
	}
}

// newChi returns the measured service: handlers set a status and write two bytes.
func newChi(w workload, wrap func(pattern string, h http.Handler) http.Handler, use ...func(http.Handler) http.Handler) *chi.Mux {
	r := chi.NewRouter()
	r.Use(use...)
	if wrap == nil {
		wrap = unwrapped
	}
	for i := range w.routes {
		pattern := fmt.Sprintf("/r%d/{id}", i)
		r.Method(http.MethodGet, pattern, wrap(pattern, http.HandlerFunc(answer)))
	}
	return r
}

// tachoChiRow has the function of docs/frameworks.md.
func tachoChiRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		m := tacho.MustNew(optionsWith(on))
		router := newChi(w, nil, adapter.Middleware(m, chiRoute))
		return service{handler: router, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

func chiRoute(r *http.Request) string {
	c := chi.RouteContext(r.Context())
	return adapter.ChiRoute(c.RoutePatterns, c.RoutePath, func() string {
		return c.Routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
	})
}

func slokChi(w workload) service {
	reg := prometheus.NewRegistry()
	m := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: reg})})
	r := newChi(w, func(pattern string, h http.Handler) http.Handler { return slokstd.Handler(pattern, m, h) })
	return service{handler: r, metrics: exposed(reg), counter: "http_request_duration_seconds_count"}
}
