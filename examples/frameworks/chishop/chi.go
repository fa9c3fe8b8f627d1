// Package chishop is the shop on chi, which needs no adapter: one function reports its routes.
package chishop

import (
	"io"
	"net"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// route reports the route that chi has found, for adapter.Middleware in its chain.
func route(r *http.Request) string {
	c := chi.RouteContext(r.Context())
	return adapter.ChiRoute(c.RoutePatterns, c.RoutePath, func() string {
		return c.Routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
	})
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	r := chi.NewRouter()
	r.Use(adapter.Middleware(m, route), shop.Recovering)
	r.Get("/items/{id}", item)
	r.Method("POST", "/orders", tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m)))
	r.Route("/api/v1", func(r chi.Router) {
		r.Get("/stock", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) })
	})
	r.Get("/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
	})
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) })
	r.Get("/healthz", func(http.ResponseWriter, *http.Request) {})
	r.Method("GET", "/metrics", m.Metrics())
	return http.Serve(ln, r)
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, chi.URLParam(r, "id"))
}
