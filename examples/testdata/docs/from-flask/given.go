package given

import (
	"fmt"
	"net/http"
)

// Handlers that the page does not show.

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }

func getUser(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "user", r.PathValue("id")) }

func placeOrder(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }

func export(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "a,b,c") }

func broken(http.ResponseWriter, *http.Request) { panic("broken") }

// routes are the routes of sections without their own.
func routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /hello", hello)
	mux.HandleFunc("GET /users/{id}", getUser)
	mux.HandleFunc("POST /orders", placeOrder)
	mux.HandleFunc("GET /broken", broken)
}
