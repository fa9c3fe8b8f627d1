package shop

import (
	"io"
	"net/http"

	"github.com/tacho-go/tacho"
)

// What the services on net/http have in common.

// ShowItem answers with an item, or with 404.
func ShowItem(w http.ResponseWriter, r *http.Request, id string) {
	text, found := Item(id)
	if !found {
		http.NotFound(w, r)
		return
	}
	io.WriteString(w, text)
}

// PlaceOrder answers POST /orders.
func PlaceOrder(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, Order(string(body)))
}

// Recovering answers panics with 500. It stands inside of the measurement: outside of it, panics would
// count in http_request_panics_total as well.
func Recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Only tracks the requests of a path in a metric, where a single route has no place for middleware.
func Only(path string, metric *tacho.Metric, next http.Handler) http.Handler {
	tracked := tacho.Track(next, metric)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			tracked.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
