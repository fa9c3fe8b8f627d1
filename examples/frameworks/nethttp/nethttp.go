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
	mux.Handle("POST /orders", tacho.Track(http.HandlerFunc(order), shop.Orders(m)))
	mux.Handle("/api/v1/", http.StripPrefix("/api/v1", m.Handler(api())))
	mux.HandleFunc("GET /broken", broken)
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(shop.ErrBroken) })
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET /metrics", m.Metrics())
	return http.Serve(ln, m.Handler(recovering(m.Handler(mux)))) // the inner one tells 404s of the mux from others
}

func item(w http.ResponseWriter, r *http.Request) {
	text, found := shop.Item(r.PathValue("id"))
	if !found {
		http.NotFound(w, r)
		return
	}
	io.WriteString(w, text)
}

func order(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, shop.Order(string(body)))
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

// recovering answers panics with 500. Outside of m.Handler, these would count in
// http_request_panics_total as well.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
