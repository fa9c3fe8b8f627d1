// From-flask is a service that has moved from Flask to Go. It exports exactly the names of
// prometheus-flask-exporter, so existing dashboards and alerts keep working, and tacho's own
// names from the same observations for new dashboards.
//
//	go run ./examples/from-flask
//	curl http://127.0.0.1:5000/first_route
//	curl http://127.0.0.1:5000/metrics
package main

import (
	"fmt"
	"net/http"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/internal/serve"
	"github.com/tacho-go/tacho/schema"
)

func main() {
	m := tacho.MustNew(tacho.Options{
		Schema:      schema.Flask(),
		AlsoSchemas: []schema.Schema{schema.Default()},
		Endpoint:    tacho.Endpoint{PythonFormat: true}, // le="1.0", as Python writes it, instead of le="1"
	})
	mux := http.NewServeMux()
	for _, route := range []string{"/first_route", "/second_route", "/three_route"} {
		mux.HandleFunc("GET "+route, answer(http.StatusOK, "ok"))
		mux.HandleFunc("OPTIONS "+route, answer(http.StatusOK, "")) // Flask answers these by itself
	}
	mux.HandleFunc("POST /created", answer(http.StatusCreated, "made"))
	mux.HandleFunc("GET /teapot", answer(http.StatusTeapot, "short and stout"))
	mux.HandleFunc("GET /fail", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	mux.Handle("GET /metrics", m.Metrics())

	serve.Main("127.0.0.1:5000", recovering(m.Handler(mux)))
}

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// recovering answers for handlers that panic, as Flask does.
func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				http.Error(w, "internal server error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
