// Package fibershop is the shop on Fiber v3.
package fibershop

import (
	"net"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiber"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	app := fiber.New()
	m := tachofiber.Use(app, tacho.Options{})
	app.Use(recover.New())
	app.Get("/items/:id", item)
	app.Post("/orders", tachofiber.Track(shop.Orders(m)), order)
	api := app.Group("/api/v1")
	api.Get("/stock", func(c fiber.Ctx) error { return c.SendString(shop.Stock) })
	app.Get("/broken", func(fiber.Ctx) error { return shop.ErrBroken })
	app.Get("/panic", func(fiber.Ctx) error { panic(shop.ErrBroken) })
	app.Get("/healthz", func(c fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })
	return app.Listener(ln, fiber.ListenConfig{DisableStartupMessage: true})
}

func item(c fiber.Ctx) error {
	text, found := shop.Item(c.Params("id"))
	if !found {
		return fiber.ErrNotFound
	}
	return c.SendString(text)
}

func order(c fiber.Ctx) error {
	return c.Status(fiber.StatusCreated).SendString(shop.Order(string(c.Body())))
}
