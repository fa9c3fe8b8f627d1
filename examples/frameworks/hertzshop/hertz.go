// Package hertzshop is the shop on Hertz.
package hertzshop

import (
	"context"
	"io"
	"net"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/middlewares/server/recovery"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/network/standard"
	"github.com/cloudwego/hertz/pkg/protocol/consts"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachohertz"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	hlog.SetOutput(io.Discard)
	h := server.New(server.WithListener(ln), server.WithTransport(standard.NewTransporter), tachohertz.Refused())
	m := tachohertz.Use(h, tacho.Options{})
	h.Use(recovery.Recovery())
	h.GET("/items/:id", item)
	h.POST("/orders", tachohertz.Track(shop.Orders(m)), order)
	api := h.Group("/api/v1")
	api.GET("/stock", func(_ context.Context, c *app.RequestContext) { c.String(consts.StatusOK, shop.Stock) })
	h.GET("/broken", func(_ context.Context, c *app.RequestContext) {
		_ = c.AbortWithError(consts.StatusInternalServerError, shop.ErrBroken)
	})
	h.GET("/panic", func(context.Context, *app.RequestContext) { panic(shop.ErrBroken) })
	h.GET("/healthz", func(_ context.Context, c *app.RequestContext) { c.SetStatusCode(consts.StatusOK) })
	return h.Run()
}

func item(_ context.Context, c *app.RequestContext) {
	text, found := shop.Item(c.Param("id"))
	if !found {
		c.NotFound()
		return
	}
	c.String(consts.StatusOK, "%s", text)
}

func order(_ context.Context, c *app.RequestContext) {
	c.String(consts.StatusCreated, "%s", shop.Order(string(c.Request.Body())))
}
