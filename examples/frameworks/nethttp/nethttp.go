// Package nethttp is the shop on net/http's ServeMux.
package nethttp

import (
	"io"
	"net"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/frameworks/shop"
)

// Serve serves the shop until ln is closed.
func Serve(ln net.Listener) error {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", item)
	mux.Handle("POST /orders", tacho.Track(http.HandlerFunc(shop.PlaceOrder), shop.Orders(m)))
	mux.Handle("/api/v1/", http.StripPrefix("/api/v1", m.Handler(api())))
	mux.HandleFunc("GET /broken", broken)
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) })
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET /metrics", m.Metrics())
	return http.Serve(ln, m.Handler(shop.Recovering(m.Handler(mux)))) // the inner one tells 404s of the mux from others
}

func item(w http.ResponseWriter, r *http.Request) {
	shop.ShowItem(w, r, r.PathValue("id"))
}

// api is mounted below /api/v1. Its own m.Handler reports the route within it.
func api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stock", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, shop.Stock) })
	return mux
}

func broken(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, shop.ErrBroken.Error(), http.StatusInternalServerError)
}
