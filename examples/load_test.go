package examples

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// A load sends requests to the Gin example and counts them, to be compared with Prometheus's
// counts.
type load struct {
	base   string
	client http.Client

	mu        sync.Mutex
	requests  counts                     // by "path status"
	latencies map[string][]time.Duration // by path
}

func newLoad(p *process, workers int) *load {
	return &load{
		base:      "http://" + p.addr,
		client:    http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: workers}},
		requests:  counts{},
		latencies: map[string][]time.Duration{},
	}
}

// run sends workers × rounds × 6 requests. The workers end by themselves.
func (l *load) run(t *testing.T, workers, rounds int) {
	t.Helper()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for r := range rounds {
				l.round(t, fmt.Sprintf("/missing/%d-%d", w, r))
			}
		})
	}
	wg.Wait()
	l.client.CloseIdleConnections()
}

func (l *load) round(t *testing.T, missing string) {
	l.get(t, "/api", "/api")
	for range 4 {
		l.get(t, "/", "/")
	}
	l.get(t, missing, "unmatched")
}

// get sends one request; route is the expected route label.
func (l *load) get(t *testing.T, path, route string) {
	start := time.Now()
	resp, err := l.client.Get(l.base + path)
	if err != nil {
		t.Errorf("load: %v", err)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	took := time.Since(start)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests[fmt.Sprintf("%s %d", route, resp.StatusCode)]++
	l.latencies[route] = append(l.latencies[route], took)
}

// p95 returns the 95th percentile of a route's latencies in seconds.
func (l *load) p95(route string) float64 {
	sorted := slices.Sorted(slices.Values(l.latencies[route]))
	return sorted[int(math.Ceil(0.95*float64(len(sorted))))-1].Seconds()
}

// mean returns the mean of a route's latencies in seconds.
func (l *load) mean(route string) float64 {
	var sum time.Duration
	for _, d := range l.latencies[route] {
		sum += d
	}
	return sum.Seconds() / float64(len(l.latencies[route]))
}
