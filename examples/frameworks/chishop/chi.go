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

// route reports the route that a chi router finds, for adapter.Middleware. Find decides as the router
// does. Labels that are made of path values need these in the request.
func route(router *chi.Mux) func(*http.Request) string {
	return func(r *http.Request) string {
		found := chi.NewRouteContext()
		pattern := router.Find(found, r.Method, r.URL.Path)
		if pattern == "" {
			return tacho.Unmatched
		}
		for i, name := range found.URLParams.Keys {
			r.SetPathValue(name, found.URLParams.Values[i])
		}
		return pattern
	}
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	r := chi.NewRouter()
	r.Use(shop.Recovering)
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
	return http.Serve(ln, adapter.Middleware(m, route(r))(r))
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, chi.URLParam(r, "id"))
}
