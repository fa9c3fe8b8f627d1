// Package kratosshop is the shop on Kratos, whose HTTP server is gorilla/mux inside. It needs no
// adapter: one function finds its routes.
package kratosshop

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/middleware/recovery"
	kratos "github.com/go-kratos/kratos/v2/transport/http"
	"github.com/gorilla/mux"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// route reports the route of a Kratos server, for adapter.Middleware. The server does not show its
// router, but lists the routes in it: an equal router finds them, made at the first request.
func route(srv func() *kratos.Server) func(*http.Request) string {
	router := sync.OnceValue(func() *mux.Router {
		r := mux.NewRouter()
		_ = srv().WalkRoute(func(i kratos.RouteInfo) error { return r.NewRoute().Path(i.Path).Methods(i.Method).GetError() })
		return r
	})
	return func(r *http.Request) string {
		var match mux.RouteMatch
		if !router().Match(r, &match) || match.MatchErr != nil {
			return tacho.Unmatched
		}
		template, _ := match.Route.GetPathTemplate()
		return template
	}
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	var srv *kratos.Server
	m := tacho.MustNew(tacho.Options{})
	measure := adapter.Middleware(m, route(func() *kratos.Server { return srv }))
	srv = kratos.NewServer(kratos.Listener(ln), kratos.Filter(measure), kratos.Middleware(recovery.Recovery()))
	r := srv.Route("/")
	r.GET("/items/{id}", item)
	r.POST("/orders", order, func(next http.Handler) http.Handler { return tacho.Track(next, shop.Orders(m)) })
	r.Group("/api/v1").GET("/stock", func(c kratos.Context) error { return c.String(http.StatusOK, shop.Stock) })
	r.GET("/broken", func(kratos.Context) error { return shop.ErrBroken })
	r.GET("/panic", panics)
	r.GET("/healthz", func(c kratos.Context) error { return c.String(http.StatusOK, "") })
	srv.Handle("/metrics", m.Metrics())
	return srv.Start(context.Background())
}

func item(c kratos.Context) error {
	text, found := shop.Item(c.Vars().Get("id"))
	if !found {
		return errors.NotFound("NO_ITEM", "there is no such item")
	}
	return c.String(http.StatusOK, text)
}

func order(c kratos.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	return c.String(http.StatusCreated, shop.Order(string(body)))
}

// panics panics where Kratos's middleware runs: around the business method, as in generated code.
func panics(c kratos.Context) error {
	_, err := c.Middleware(func(context.Context, any) (any, error) { panic(shop.ErrBroken) })(c, nil)
	return err
}
