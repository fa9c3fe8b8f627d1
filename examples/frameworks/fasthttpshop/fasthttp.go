// Package fasthttpshop is the shop on fasthttp with fasthttp/router.
package fasthttpshop

import (
	"net"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofasthttp"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	r := router.New()
	r.PanicHandler = func(c *fasthttp.RequestCtx, _ any) { c.SetStatusCode(fasthttp.StatusInternalServerError) }
	s := &fasthttp.Server{Handler: r.Handler}
	m := tachofasthttp.Use(s, r, tacho.Options{})
	r.GET("/items/{id}", item)
	r.POST("/orders", tachofasthttp.Track(shop.Orders(m))(order))
	api := r.Group("/api/v1")
	api.GET("/stock", func(c *fasthttp.RequestCtx) { c.SetBodyString(shop.Stock) })
	r.GET("/broken", func(c *fasthttp.RequestCtx) { c.Error(shop.ErrBroken.Error(), fasthttp.StatusInternalServerError) })
	r.GET("/panic", func(*fasthttp.RequestCtx) { panic(shop.ErrBroken) })
	r.GET("/healthz", func(*fasthttp.RequestCtx) {})
	return s.Serve(ln)
}

func item(c *fasthttp.RequestCtx) {
	text, found := shop.Item(c.UserValue("id").(string))
	if !found {
		c.NotFound()
		return
	}
	c.SetBodyString(text)
}

func order(c *fasthttp.RequestCtx) {
	c.SetStatusCode(fasthttp.StatusCreated)
	c.SetBodyString(shop.Order(string(c.PostBody())))
}
