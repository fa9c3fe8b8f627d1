package main

import (
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo-contrib/echoprometheus"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"
	"github.com/prometheus/client_golang/prometheus"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokecho "github.com/slok/go-http-metrics/middleware/echo"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachoecho"
	"github.com/tacho-go/tacho/adapter/tachoechov4"
)

func echoRows() []row {
	service := func(use func(*echo.Echo)) func() func() {
		return func() func() {
			e := echo.New()
			use(e)
			e.GET("/users/:id", func(c *echo.Context) error { return c.String(http.StatusOK, "ok") })
			return serving(e)
		}
	}
	return []row{
		{"Echo v5", bare, service(func(*echo.Echo) {})},
		{"Echo v5", "tachoecho", service(func(e *echo.Echo) { tachoecho.Use(e, tacho.Options{}) })},
		{"Echo v5", "tachoecho, minimal", service(func(e *echo.Echo) { tachoecho.Use(e, tacho.Options{Minimal: true}) })},
		{"Echo v5", "the limit", service(func(e *echo.Echo) {
			var l limit
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error { defer l.leave(l.enter()); return next(c) }
			})
		})},
	}
}

func echov4Rows() []row {
	service := func(use func(*echov4.Echo)) func() func() {
		return func() func() {
			e := echov4.New()
			use(e)
			e.GET("/users/:id", func(c echov4.Context) error { return c.String(http.StatusOK, "ok") })
			return serving(e)
		}
	}
	return []row{
		{"Echo v4", bare, service(func(*echov4.Echo) {})},
		{"Echo v4", "tachoechov4", service(func(e *echov4.Echo) { tachoechov4.Use(e, tacho.Options{}) })},
		{"Echo v4", "tachoechov4, minimal", service(func(e *echov4.Echo) { tachoechov4.Use(e, tacho.Options{Minimal: true}) })},
		{"Echo v4", "the limit", service(func(e *echov4.Echo) {
			var l limit
			e.Use(func(next echov4.HandlerFunc) echov4.HandlerFunc {
				return func(c echov4.Context) error { defer l.leave(l.enter()); return next(c) }
			})
		})},
		{"Echo v4", "echoprometheus", service(func(e *echov4.Echo) {
			e.Use(echoprometheus.NewMiddlewareWithConfig(echoprometheus.MiddlewareConfig{Registerer: prometheus.NewRegistry()}))
		})},
		{"Echo v4", "slok/go-http-metrics", service(func(e *echov4.Echo) { e.Use(slokecho.Handler("", slokRecorder())) })},
	}
}

func slokRecorder() slok.Middleware {
	return slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: prometheus.NewRegistry()})})
}

// A sink discards a response.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// serving serves one request of a net/http handler again and again.
func serving(h http.Handler) func() {
	r, w := httptest.NewRequest("GET", "/users/7", nil), &sink{http.Header{}}
	return func() { h.ServeHTTP(w, r) }
}
