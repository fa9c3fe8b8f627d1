// Package gorillashop is the shop on gorilla/mux, which needs no adapter: a middleware names its
// routes.
package gorillashop

import (
	"io"
	"net"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// named is a middleware of the router that names the route of a request. Labels that are made of path
// values need these in the request.
func named(m *tacho.Meter) mux.MiddlewareFunc {
	recorder := adapter.Of(m)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range mux.Vars(r) {
				r.SetPathValue(name, value)
			}
			template, err := mux.CurrentRoute(r).GetPathTemplate()
			if x := recorder.Enclosing(w, r.Context()); x != nil && err == nil {
				x.SetRouteIn(r, template)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// unnamed is for requests that the router passes to no middleware, which are 404 and 405.
func unnamed(*http.Request) string { return tacho.Unmatched }

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	r := mux.NewRouter()
	r.Use(named(m), shop.Recovering)
	r.HandleFunc("/items/{id}", item).Methods("GET")
	r.Handle("/orders", tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m))).Methods("POST")
	api := r.PathPrefix("/api/v1").Subrouter()
	api.HandleFunc("/stock", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) }).Methods("GET")
	r.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
	})
	r.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) })
	r.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	r.Handle("/metrics", m.Metrics())
	return http.Serve(ln, adapter.Middleware(m, unnamed)(r))
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, mux.Vars(r)["id"])
}
