// Package fiberv2shop is the shop on Fiber v2.
package fiberv2shop

import (
	"net"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	m := tachofiberv2.Use(app, tacho.Options{})
	app.Use(recover.New())
	app.Get("/items/:id", item)
	app.Post("/orders", tachofiberv2.Track(shop.Orders(m)), order)
	api := app.Group("/api/v1")
	api.Get("/stock", func(c *fiber.Ctx) error { return c.SendString(shop.Stock) })
	app.Get("/broken", func(*fiber.Ctx) error { return shop.ErrBroken })
	app.Get("/panic", func(*fiber.Ctx) error { panic(shop.ErrBroken) })
	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })
	return app.Listener(ln)
}

func item(c *fiber.Ctx) error {
	text, found := shop.Item(c.Params("id"))
	if !found {
		return fiber.ErrNotFound
	}
	return c.SendString(text)
}

func order(c *fiber.Ctx) error {
	return c.Status(fiber.StatusCreated).SendString(shop.Order(string(c.Body())))
}
