package main

import (
	"github.com/ansrivas/fiberprometheus/v2"
	fiberv2 "github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiber"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
)

func fiberRows() []row {
	service := func(use func(*fiber.App)) func() func() {
		return func() func() {
			app := fiber.New()
			use(app)
			app.Get("/users/:id", func(c fiber.Ctx) error { return c.SendString("ok") })
			app.Handler()
			return servingFast(app.Server().Handler)
		}
	}
	return []row{
		{"Fiber v3", bare, service(func(*fiber.App) {})},
		{"Fiber v3", "tachofiber", service(func(app *fiber.App) { tachofiber.Use(app, tacho.Options{}) })},
		{"Fiber v3", "tachofiber, minimal", service(func(app *fiber.App) { tachofiber.Use(app, tacho.Options{Minimal: true}) })},
		{"Fiber v3", "the limit", service(func(app *fiber.App) {
			var l limit
			app.Use(func(c fiber.Ctx) error { defer l.leave(l.enter()); return c.Next() })
		})},
	}
}

func fiberv2Rows() []row {
	service := func(use func(*fiberv2.App)) func() func() {
		return func() func() {
			app := fiberv2.New()
			use(app)
			app.Get("/users/:id", func(c *fiberv2.Ctx) error { return c.SendString("ok") })
			app.Handler()
			return servingFast(app.Server().Handler)
		}
	}
	return []row{
		{"Fiber v2", bare, service(func(*fiberv2.App) {})},
		{"Fiber v2", "tachofiberv2", service(func(app *fiberv2.App) { tachofiberv2.Use(app, tacho.Options{}) })},
		{"Fiber v2", "tachofiberv2, minimal", service(func(app *fiberv2.App) { tachofiberv2.Use(app, tacho.Options{Minimal: true}) })},
		{"Fiber v2", "the limit", service(func(app *fiberv2.App) {
			var l limit
			app.Use(func(c *fiberv2.Ctx) error { defer l.leave(l.enter()); return c.Next() })
		})},
		{"Fiber v2", "fiberprometheus", service(func(app *fiberv2.App) {
			p := fiberprometheus.NewWithRegistry(prometheus.NewRegistry(), "shop", "http", "", nil)
			p.RegisterAt(app, "/metrics")
			app.Use(p.Middleware)
		})},
	}
}

// servingFast serves one request of a fasthttp handler again and again, as the server does: the context
// is reset in between.
func servingFast(h fasthttp.RequestHandler) func() {
	var c fasthttp.RequestCtx
	return func() {
		c.Request.Reset()
		c.Response.Reset()
		c.Request.Header.SetMethod(fasthttp.MethodGet)
		c.Request.SetRequestURI("/users/7")
		c.ResetUserValues()
		h(&c)
	}
}
