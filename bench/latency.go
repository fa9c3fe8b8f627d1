package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/tacho-go/tacho"
)

const (
	latencyLines       = 100_000
	latencyConnections = 4
	latencyWindow      = time.Second // a window has one scrape or none
)

// A disturbance is what happens in a window in addition to the load.
type disturbance struct{ name, encoding string }

var disturbances = []disturbance{{"no scrape", ""}, {"text", "identity"}, {"text + gzip", "gzip"}}

// latency measures how long requests over real connections take with and without a scrape of the
// same process: what a scrape costs the service's users. Windows with and without a scrape
// alternate. Load, server and scraper share the machine.
func latency(l *lab) error {
	t := table{text: 2, head: []string{"library", "window", "requests", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "p50 ×", "p99 ×", "p99.9 ×", "scrape ms"}}
	for _, lib := range libraries() {
		if !l.filter.MatchString(lib.name) {
			continue
		}
		results, err := latencyOf(l, lib)
		if err != nil {
			return err
		}
		for i, d := range disturbances {
			t.add(append([]string{lib.name, d.name}, results[i].cells(results[0])...)...)
		}
	}
	l.title("How a scrape affects requests")
	l.note("A service with about %d lines of metrics on loopback, %d keep-alive connections in a closed loop, windows of %v "+
		"with one scrape or none, %d of each kind alternating. × compares with the windows without a scrape.",
		latencyLines, latencyConnections, latencyWindow, l.times("latency"))
	t.print(l.out)
	return nil
}

// latencyOf serves the library's state and a single measured route.
func latencyOf(l *lab, lib library) ([]sample, error) {
	sets := latencyLines / linesPerSet
	s := lib.make(tacho.DefaultBuckets(), sets+1)
	fill(s, sets)
	addr, stop, err := listen(serviceOver(s))
	if err != nil {
		return nil, err
	}
	defer stop()
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	g, err := startLoad(ctx, addr, latencyConnections)
	if err != nil {
		return nil, err
	}
	results := make([]sample, len(disturbances))
	for range l.times("latency") {
		for i, d := range disturbances {
			if err := results[i].window(ctx, g, addr, d); err != nil {
				return nil, err
			}
		}
	}
	return results, g.stop()
}

// serviceOver answers /r0, and records it like any request of the store.
func serviceOver(s store) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /r0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	mux.Handle("GET /metrics", s.metrics())
	switch s := s.(type) {
	case *tachoStore:
		return s.Handler(mux)
	case *classicStore:
		return s.handler(mux)
	}
	return mux
}

func listen(h http.Handler) (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(ln) }()
	return ln.Addr().String(), func() { _ = server.Close() }, nil
}

// A sample is all windows of one kind.
type sample struct {
	requests []time.Duration
	scrapes  []float64 // milliseconds
}

// window runs the load for a while, with or without a scrape.
func (s *sample) window(ctx context.Context, g *load, addr string, d disturbance) error {
	g.take() // discards latencies from before the window
	end := time.After(latencyWindow)
	if d.encoding != "" {
		begin := time.Now()
		if err := scrapeOnce(ctx, addr, d.encoding); err != nil {
			return err
		}
		s.scrapes = append(s.scrapes, float64(time.Since(begin))/1e6)
	}
	select {
	case <-end:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.requests = append(s.requests, g.take()...)
	return nil
}

func (s *sample) cells(undisturbed sample) []string {
	slices.Sort(s.requests)
	slices.Sort(undisturbed.requests)
	cells := []string{fmt.Sprint(len(s.requests))}
	quantiles := []float64{.5, .99, .999, 1}
	for _, q := range quantiles {
		cells = append(cells, fmt.Sprintf("%.0f", s.at(q)))
	}
	for _, q := range quantiles[:3] {
		cells = append(cells, fmt.Sprintf("%.2f", s.at(q)/undisturbed.at(q)))
	}
	return append(cells, short(spreadOf(s.scrapes).median))
}

// at returns a quantile of the sorted latencies, in microseconds.
func (s *sample) at(q float64) float64 {
	if len(s.requests) == 0 {
		return 0
	}
	return float64(s.requests[int(q*float64(len(s.requests)-1))]) / 1e3
}
