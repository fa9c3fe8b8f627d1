package main

import (
	"fmt"

	"github.com/labstack/echo-contrib/echoprometheus"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"
	"github.com/prometheus/client_golang/prometheus"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokecho "github.com/slok/go-http-metrics/middleware/echo"
	slokstd "github.com/slok/go-http-metrics/middleware/std"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachoecho"
	"github.com/tacho-go/tacho/adapter/tachoechov4"
)

// echoRows have no echoprometheus: no release of it is for Echo v5.
func echoRows() []row {
	const framework = "echo v5"
	return []row{
		{framework, bare, func(w workload) service { return service{handler: newEcho(w, nil)} }},
		{framework, "two empty middlewares", emptyEcho},
		{framework, "tachoecho, everything on", tachoechoRow()},
		{framework, "tachoecho, minimal", tachoechoRow(minimal)},
		{framework, "slok/go-http-metrics, net/http's, on each route", slokEcho},
	}
}

// newEcho returns the measured service: handlers set a status and write two bytes.
func newEcho(w workload, use func(*echo.Echo), on ...func(pattern string) echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	if use != nil {
		use(e)
	}
	for i := range w.routes {
		pattern := fmt.Sprintf("/r%d/:id", i)
		var wrappers []echo.MiddlewareFunc
		for _, f := range on {
			wrappers = append(wrappers, f(pattern))
		}
		e.GET(pattern, func(c *echo.Context) error {
			c.Response().WriteHeader(statusOf(c.Request().URL.Path))
			_, err := c.Response().Write(body)
			return err
		}, wrappers...)
	}
	return e
}

// emptyEcho shows what Echo takes for middlewares where the adapter has them. It measures nothing.
func emptyEcho(w workload) service {
	pass := func(next echo.HandlerFunc) echo.HandlerFunc { return func(c *echo.Context) error { return next(c) } }
	return service{handler: newEcho(w, func(e *echo.Echo) { e.Pre(pass); e.Use(pass) })}
}

func tachoechoRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		var m *tacho.Meter
		e := newEcho(w, func(e *echo.Echo) { m = tachoecho.Use(e, optionsWith(on)) })
		return service{handler: e, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

// slokEcho has no middleware of its own for Echo v5. Given the template, net/http's one is bounded.
func slokEcho(w workload) service {
	reg := prometheus.NewRegistry()
	m := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: reg})})
	e := newEcho(w, nil, func(pattern string) echo.MiddlewareFunc {
		return echo.WrapMiddleware(slokstd.HandlerProvider(pattern, m))
	})
	return service{handler: e, metrics: exposed(reg), counter: "http_request_duration_seconds_count"}
}

func echoV4Rows() []row {
	const framework = "echo v4"
	return []row{
		{framework, bare, func(w workload) service { return service{handler: newEchoV4(w, nil)} }},
		{framework, "two empty middlewares", emptyEchoV4},
		{framework, "tachoechov4, everything on", tachoechov4Row()},
		{framework, "tachoechov4, minimal", tachoechov4Row(minimal)},
		{framework, "echoprometheus", echoPrometheus},
		{framework, "slok/go-http-metrics", slokEchoV4},
	}
}

func newEchoV4(w workload, use func(*echov4.Echo)) *echov4.Echo {
	e := echov4.New()
	if use != nil {
		use(e)
	}
	for i := range w.routes {
		e.GET(fmt.Sprintf("/r%d/:id", i), func(c echov4.Context) error {
			c.Response().WriteHeader(statusOf(c.Request().URL.Path))
			_, err := c.Response().Write(body)
			return err
		})
	}
	return e
}

func emptyEchoV4(w workload) service {
	pass := func(next echov4.HandlerFunc) echov4.HandlerFunc {
		return func(c echov4.Context) error { return next(c) }
	}
	return service{handler: newEchoV4(w, func(e *echov4.Echo) { e.Pre(pass); e.Use(pass) })}
}

func tachoechov4Row(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		var m *tacho.Meter
		e := newEchoV4(w, func(e *echov4.Echo) { m = tachoechov4.Use(e, optionsWith(on)) })
		return service{handler: e, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

func echoPrometheus(w workload) service {
	reg := prometheus.NewRegistry()
	e := newEchoV4(w, func(e *echov4.Echo) {
		e.Use(echoprometheus.NewMiddlewareWithConfig(echoprometheus.MiddlewareConfig{Registerer: reg}))
	})
	return service{handler: e, metrics: exposed(reg), counter: "echo_requests_total"}
}

func slokEchoV4(w workload) service {
	reg := prometheus.NewRegistry()
	m := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: reg})})
	e := newEchoV4(w, func(e *echov4.Echo) { e.Use(slokecho.Handler("", m)) })
	return service{handler: e, metrics: exposed(reg), counter: "http_request_duration_seconds_count"}
}
