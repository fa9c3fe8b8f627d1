// Package ginshop is the shop on Gin.
package ginshop

import (
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogin"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	m := tachogin.Use(r, tacho.Options{})
	r.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	r.GET("/items/:id", item)
	r.POST("/orders", tachogin.Track(shop.Orders(m)), order)
	api := r.Group("/api/v1")
	api.GET("/stock", func(c *gin.Context) { c.String(http.StatusOK, shop.Stock) })
	r.GET("/broken", func(c *gin.Context) { _ = c.AbortWithError(http.StatusInternalServerError, shop.ErrBroken) })
	r.GET("/panic", func(*gin.Context) { panic(shop.ErrBroken) })
	r.GET("/healthz", func(c *gin.Context) { c.Status(http.StatusOK) })
	return http.Serve(ln, r)
}

func item(c *gin.Context) {
	text, found := shop.Item(c.Param("id"))
	if !found {
		c.String(http.StatusNotFound, "404 page not found\n")
		return
	}
	c.String(http.StatusOK, text)
}

func order(c *gin.Context) {
	body, _ := io.ReadAll(c.Request.Body)
	c.String(http.StatusCreated, shop.Order(string(body)))
}
