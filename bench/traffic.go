package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/valyala/fasthttp"
)

// statuses are the statuses of the responses; the last digit of a path selects one.
var statuses = []int{http.StatusOK, http.StatusCreated, http.StatusNotFound, http.StatusInternalServerError}

var body = []byte("ok")

// statusOf returns the status that a path selects.
func statusOf(path string) int { return statuses[path[len(path)-1]-'0'] }

// A workload is a set of requests.
type workload struct {
	name             string
	routes, statuses int
}

func workloads() []workload {
	return []workload{{"1 route", 1, 1}, {"100 routes × 4 statuses", 100, 4}}
}

// sequenceLength is a power of two, so that a mask selects the next request.
const sequenceLength = 1 << 12

// sequence returns the pseudo-random order of the requests, the same in every run and for every
// row.
func (w workload) sequence(worker int) []int {
	rng := rand.New(rand.NewPCG(1, uint64(worker)))
	order := make([]int, sequenceLength)
	for i := range order {
		order[i] = rng.IntN(w.routes * w.statuses)
	}
	return order
}

// traffic is the requests of one worker. They are built once and reused by all rows in turn,
// never by two goroutines at a time.
type traffic struct {
	requests []*http.Request
	order    []int

	// Made when a row needs them, so that garbage collections are not longer for the others.
	fast  func() []*fasthttp.RequestCtx // the same requests for fasthttp
	hertz func() []*app.RequestContext  // and for Hertz
	rpcs  func() []*rpc                 // as many RPCs
}

func (w workload) traffic(worker int) *traffic {
	t := &traffic{order: w.sequence(worker)}
	ctx := serverContext()
	for route := range w.routes {
		for status := range w.statuses {
			t.requests = append(t.requests, request(ctx, fmt.Sprintf("/r%d/%d", route, status)))
		}
	}
	t.fast = sync.OnceValue(func() []*fasthttp.RequestCtx { return eachOf(t.requests, fastContext) })
	t.hertz = sync.OnceValue(func() []*app.RequestContext { return eachOf(t.requests, hertzContext) })
	t.rpcs = sync.OnceValue(func() (all []*rpc) {
		for i := range t.requests {
			all = append(all, newRPC(ctx, i/w.statuses, i%w.statuses))
		}
		return all
	})
	return t
}

func eachOf[T any](requests []*http.Request, made func(*http.Request) T) (all []T) {
	for _, r := range requests {
		all = append(all, made(r))
	}
	return all
}

// serve sends n requests to the handler.
func (t *traffic) serve(h http.Handler, w http.ResponseWriter, n int) {
	for i := range n {
		r := t.requests[t.order[i&(sequenceLength-1)]]
		r.Pattern = "" // set by the previous ServeMux; a new request has none
		h.ServeHTTP(w, r)
	}
}

// serverContext returns a context like that of a request in net/http's server, with the same
// lookup cost.
func serverContext() context.Context {
	ctx := context.WithValue(context.Background(), http.ServerContextKey, &http.Server{})
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(&net.TCPAddr{Port: 8080}))
	for range 2 { // the connection's, and the request's own derived from it
		inner, cancel := context.WithCancel(ctx)
		_, ctx = cancel, inner // never canceled: it lasts as long as the process
	}
	return ctx
}

func request(ctx context.Context, path string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
	if err != nil {
		panic(err) // only for an invalid path
	}
	r.Host, r.RequestURI, r.RemoteAddr = "shop.example.com", path, "192.0.2.1:51234"
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", "gzip")
	return r
}
