// Nethttp measures a service without a framework: the patterns of http.ServeMux become the route
// label, and an event stream does not distort the latencies.
//
//	go run ./examples/nethttp
//	curl http://127.0.0.1:8080/users/7
//	curl -N http://127.0.0.1:8080/events
//	curl http://127.0.0.1:8080/metrics
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/internal/serve"
)

func main() {
	m := tacho.MustNew(tacho.Options{})
	ending, end := context.WithCancel(context.Background())

	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", user) // path="/users/{id}" for every user
	mux.HandleFunc("POST /users", addUser)
	mux.HandleFunc("GET /healthz", healthy) // not recorded: see Options.Exclude.Paths
	mux.Handle("GET /events", events(ending))
	mux.Handle("GET /metrics", m.Metrics())

	serve.Main("127.0.0.1:8080", m.Handler(mux), end)
}

func user(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "user %s\n", r.PathValue("id"))
}

func addUser(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusCreated)
}

func healthy(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "ok")
}

// events sends the time once a second until the client disconnects or the service shuts down.
// The latency histogram gets the time to the first event; http_stream_duration_seconds gets the
// lifetime of the stream.
func events(ending context.Context) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for sendTime(w) == nil {
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			case <-ending.Done():
				return
			}
		}
	}
}

func sendTime(w http.ResponseWriter) error {
	fmt.Fprintf(w, "data: %s\n\n", time.Now().Format(time.TimeOnly))
	return http.NewResponseController(w).Flush()
}
