// Package httproutershop is the shop on httprouter, which tells nobody which route it has found. So the
// routes are registered through a function that names them.
package httproutershop

import (
	"io"
	"net"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// handle registers a handler that names its route.
func handle(router *httprouter.Router, m *tacho.Meter, method, path string, next http.Handler) {
	recorder := adapter.Of(m)
	router.Handle(method, path, func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		if x := recorder.Enclosing(w, r.Context()); x != nil {
			x.SetRoute(path)
		}
		for _, p := range params {
			r.SetPathValue(p.Key, p.Value)
		}
		next.ServeHTTP(w, r)
	})
}

// unnamed is for requests that no handler gets.
func unnamed(*http.Request) string { return tacho.Unmatched }

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	r := httprouter.New()
	r.PanicHandler = func(w http.ResponseWriter, _ *http.Request, _ any) { w.WriteHeader(http.StatusInternalServerError) }
	handle(r, m, "GET", "/items/:id", http.HandlerFunc(item))
	handle(r, m, "POST", "/orders", tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m)))
	handle(r, m, "GET", "/api/v1/stock", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) }))
	handle(r, m, "GET", "/broken", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
	}))
	handle(r, m, "GET", "/panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) }))
	handle(r, m, "GET", "/healthz", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r.Handler("GET", "/metrics", m.Metrics())
	return http.Serve(ln, adapter.Middleware(m, unnamed)(r))
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, r.PathValue("id"))
}
