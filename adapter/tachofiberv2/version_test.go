package tachofiberv2_test

import (
	"bufio"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
)

// What differs between the versions of Fiber stands here.

func mount(app *fiber.App, prefix string, sub *fiber.App) { app.Mount(prefix, sub) }

func static(app *fiber.App, prefix, dir string) { app.Static(prefix, dir) }

// staticRoute is that of files: to Fiber 2, App.Static is a middleware.
const staticRoute = tacho.Unmatched

func redirect(c *fiber.Ctx) error { return c.Redirect("/elsewhere") }

// unknownMethod is the status for a method that Fiber does not know.
const unknownMethod = "400"

// rebuild does nothing: app.Test does it.
func rebuild(*fiber.App) {}

func rawOf(c *fiber.Ctx) *fasthttp.RequestCtx { return c.Context() }

func sendStreamWriter(c *fiber.Ctx, write func(*bufio.Writer)) error {
	c.Context().SetBodyStreamWriter(write)
	return nil
}
