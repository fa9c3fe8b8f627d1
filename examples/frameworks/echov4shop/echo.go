// Package echov4shop is the shop on Echo v4.
package echov4shop

import (
	"io"
	"net"
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachoechov4"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	e := echo.New()
	m := tachoechov4.Use(e, tacho.Options{})
	e.Use(middleware.Recover())
	e.GET("/items/:id", item)
	e.POST("/orders", order, tachoechov4.Track(shop.Orders(m)))
	api := e.Group("/api/v1")
	api.GET("/stock", func(c echo.Context) error { return c.String(http.StatusOK, shop.Stock) })
	e.GET("/broken", func(echo.Context) error { return shop.ErrBroken })
	e.GET("/panic", func(echo.Context) error { panic(shop.ErrBroken) })
	e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	return http.Serve(ln, e)
}

func item(c echo.Context) error {
	text, found := shop.Item(c.Param("id"))
	if !found {
		return echo.ErrNotFound
	}
	return c.String(http.StatusOK, text)
}

func order(c echo.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	return c.String(http.StatusCreated, shop.Order(string(body)))
}
