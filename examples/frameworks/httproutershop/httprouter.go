// Package httproutershop is the shop on httprouter, which tells nobody which route it has found. So the
// routes are registered through a function that remembers it.
package httproutershop

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

type routeKey struct{}

// withRoute lets handlers report their route; route reads it, for adapter.Middleware. What no handler
// has reported is unmatched.
func withRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), routeKey{}, new(string))))
	})
}

func route(r *http.Request) string {
	if reported, ok := r.Context().Value(routeKey{}).(*string); ok && *reported != "" {
		return *reported
	}
	return tacho.Unmatched
}

// handle registers a handler that reports its route.
func handle(router *httprouter.Router, method, path string, next http.Handler) {
	router.Handle(method, path, func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		if reported, ok := r.Context().Value(routeKey{}).(*string); ok {
			*reported = path
		}
		for _, p := range params {
			r.SetPathValue(p.Key, p.Value)
		}
		next.ServeHTTP(w, r)
	})
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	r := httprouter.New()
	r.PanicHandler = func(w http.ResponseWriter, _ *http.Request, _ any) { w.WriteHeader(http.StatusInternalServerError) }
	handle(r, "GET", "/items/:id", http.HandlerFunc(item))
	handle(r, "POST", "/orders", tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m)))
	handle(r, "GET", "/api/v1/stock", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) }))
	handle(r, "GET", "/broken", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
	}))
	handle(r, "GET", "/panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) }))
	handle(r, "GET", "/healthz", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r.Handler("GET", "/metrics", m.Metrics())
	return http.Serve(ln, withRoute(adapter.Middleware(m, route)(r)))
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, r.PathValue("id"))
}
