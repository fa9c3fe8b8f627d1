// Package goashop is the shop on goa's muxer, on which goa mounts its generated servers. It needs no
// adapter: one function reads the pattern that the muxer has matched.
package goashop

import (
	"io"
	"net"
	"net/http"
	"strings"

	goahttp "goa.design/goa/v3/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// route reports the route of a goa muxer, for adapter.Middleware: the muxer sets the request's pattern,
// as http.ServeMux does.
func route(r *http.Request) string {
	if _, path, found := strings.Cut(r.Pattern, " "); found {
		return path
	}
	return tacho.Unmatched
}

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	mux := goahttp.NewMuxer()
	mux.Use(shop.Recovering)
	mux.Handle("GET", "/items/{id}", item(mux))
	mux.Handle("POST", "/orders", tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m)).ServeHTTP)
	mux.Handle("GET", "/api/v1/stock", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) })
	mux.Handle("GET", "/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
	})
	mux.Handle("GET", "/panic", func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) })
	mux.Handle("GET", "/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET", "/metrics", m.Metrics().ServeHTTP)
	return http.Serve(ln, adapter.Middleware(m, route)(mux))
}

func item(mux goahttp.Muxer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		shop.ShowItem(w, r, mux.Vars(r)["id"])
	}
}
