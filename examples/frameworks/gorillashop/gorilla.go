// Package gorillashop is the shop on gorilla/mux, which needs no adapter: one function reports its
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

// route reports the route that a router finds, for adapter.Middleware. Middleware of the router itself
// does not run for 404 and 405, so this one stands around it. Labels that are made of path values need
// these in the request.
func route(router *mux.Router) func(*http.Request) string {
	return func(r *http.Request) string {
		var match mux.RouteMatch
		if !router.Match(r, &match) || match.MatchErr != nil || match.Route == nil {
			return tacho.Unmatched
		}
		for name, value := range match.Vars {
			r.SetPathValue(name, value)
		}
		template, _ := match.Route.GetPathTemplate() // "" for a route without a path
		return template
	}
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	r := mux.NewRouter()
	r.Use(shop.Recovering)
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
	return http.Serve(ln, adapter.Middleware(m, route(r))(r))
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, mux.Vars(r)["id"])
}
