package main

import (
	"fmt"

	"github.com/ansrivas/fiberprometheus/v2"
	fiberv2 "github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v3"
	"github.com/prometheus/client_golang/prometheus"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokfast "github.com/slok/go-http-metrics/middleware/fasthttp"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiber"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
)

// fiberRows have no peer made for Fiber v3: none has a release. slok's middleware for fasthttp
// fits around any Fiber. It has the path instead of a template, so it keeps as many label sets
// as the workload has paths and statuses.
func fiberRows() []row {
	const framework = "fiber v3"
	return []row{
		{framework, bare, func(w workload) service { return service{fast: newFiber(w, nil)} }},
		{framework, "tachofiber, everything on", tachofiberRow()},
		{framework, "tachofiber, minimal", tachofiberRow(minimal)},
		{framework, "slok/go-http-metrics, fasthttp's", func(w workload) service { return slokAround(newFiber(w, nil)) }},
	}
}

// newFiber returns the measured service: handlers set a status and write two bytes.
func newFiber(w workload, use func(*fiber.App)) fasthttp.RequestHandler {
	app := fiber.New()
	if use != nil {
		use(app)
	}
	for i := range w.routes {
		app.Get(fmt.Sprintf("/r%d/:id", i), func(c fiber.Ctx) error { return c.Status(statusOf(c.Path())).Send(body) })
	}
	app.Handler() // prepares the routes, as Listen does
	return app.Server().Handler
}

func tachofiberRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		var m *tacho.Meter
		h := newFiber(w, func(app *fiber.App) { m = tachofiber.Use(app, optionsWith(on)) })
		return service{fast: h, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

func slokAround(next fasthttp.RequestHandler) service {
	reg := prometheus.NewRegistry()
	m := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: reg})})
	return service{fast: slokfast.Handler("", m, next), metrics: exposed(reg), counter: "http_request_duration_seconds_count"}
}

func fiberV2Rows() []row {
	const framework = "fiber v2"
	return []row{
		{framework, bare, func(w workload) service { return service{fast: newFiberV2(w, nil)} }},
		{framework, "tachofiberv2, everything on", tachofiberv2Row()},
		{framework, "tachofiberv2, minimal", tachofiberv2Row(minimal)},
		{framework, "fiberprometheus", fiberPrometheus},
		{framework, "slok/go-http-metrics, fasthttp's", func(w workload) service { return slokAround(newFiberV2(w, nil)) }},
	}
}

func newFiberV2(w workload, use func(*fiberv2.App)) fasthttp.RequestHandler {
	app := fiberv2.New()
	if use != nil {
		use(app)
	}
	for i := range w.routes {
		app.Get(fmt.Sprintf("/r%d/:id", i), func(c *fiberv2.Ctx) error { return c.Status(statusOf(c.Path())).Send(body) })
	}
	app.Handler() // prepares the routes, as Listen does
	return app.Server().Handler
}

func tachofiberv2Row(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		var m *tacho.Meter
		h := newFiberV2(w, func(app *fiberv2.App) { m = tachofiberv2.Use(app, optionsWith(on)) })
		return service{fast: h, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

// fiberPrometheus learns the templates from the app at its first request.
func fiberPrometheus(w workload) service {
	reg := prometheus.NewRegistry()
	p := fiberprometheus.NewWithRegistry(reg, "bench", "http", "", nil)
	h := newFiberV2(w, func(app *fiberv2.App) {
		p.RegisterAt(app, "/metrics")
		app.Use(p.Middleware)
	})
	return service{fast: h, metrics: exposed(reg), counter: "http_requests_total"}
}
