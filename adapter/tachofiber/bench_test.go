package tachofiber_test

import (
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiber"
)

// BenchmarkRequest: what a request costs with and without measuring it.
func BenchmarkRequest(b *testing.B) {
	for name, use := range map[string]func(*fiber.App){
		"bare":    func(*fiber.App) {},
		"minimal": func(app *fiber.App) { tachofiber.Use(app, tacho.Options{Minimal: true}) },
		"all":     func(app *fiber.App) { tachofiber.Use(app, tacho.Options{}) },
	} {
		b.Run(name, func(b *testing.B) {
			app := fiber.New()
			use(app)
			app.Get("/r/:id", func(c fiber.Ctx) error { return c.Status(200).Send([]byte("ok")) })
			app.Handler()
			h := app.Server().Handler
			var raw fasthttp.RequestCtx
			raw.Init(new(fasthttp.Request), nil, nil)
			raw.Request.Header.SetMethod("GET")
			raw.Request.SetRequestURI("/r/1")
			b.ReportAllocs()
			for b.Loop() {
				h(&raw)
				raw.Response.Reset()
			}
		})
	}
}
