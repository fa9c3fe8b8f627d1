package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
)

// A target is a service with a given number of series: counters and histograms. The
// histograms have classic buckets, and in protobuf also native ones.
type target struct {
	srv        *httptest.Server
	counters   []prometheus.Counter
	histograms []prometheus.Observer
	service    *metertest.Service // instead of both
}

// A histogram has 14 series: 11 buckets, a sum, a count and a native histogram.
const (
	histograms         = 35
	seriesPerHistogram = 14
)

func newTarget(series int) *target {
	t := &target{}
	reg := prometheus.NewRegistry()
	latency := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "Latency.",
		Buckets: prometheus.DefBuckets[:10], NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100,
	}, []string{"method", "path"})
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests."}, []string{"method", "path", "status"})
	reg.MustRegister(latency, requests)
	for i := range min(histograms, series/seriesPerHistogram) {
		t.histograms = append(t.histograms, latency.WithLabelValues("GET", fmt.Sprintf("/page/%d", i)))
	}
	statuses := []string{"200", "201", "204", "301", "400", "404", "500", "503"}
	for i := range series - len(t.histograms)*seriesPerHistogram {
		t.counters = append(t.counters, requests.WithLabelValues("GET", fmt.Sprintf("/page/%d", i/len(statuses)), statuses[i%len(statuses)]))
	}
	t.srv = httptest.NewServer(promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return t
}

// newService returns a target that is measured by tacho's library.
func newService(routes int, seed uint64) *target {
	s := metertest.NewService(tacho.Options{}, routes, 4, seed)
	return &target{srv: httptest.NewServer(s.Metrics()), service: s}
}

// live updates a third of the counters and all histograms once a second. A service has ten
// requests a second.
func (t *target) live(done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for _, c := range t.counters {
			if rand.IntN(3) == 0 {
				c.Add(float64(1 + rand.IntN(20)))
			}
		}
		for _, h := range t.histograms {
			for range 5 {
				h.Observe(rand.ExpFloat64() / 10)
			}
		}
		if t.service != nil {
			t.service.Requests(10)
		}
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}

func (t *target) address() string { return strings.TrimPrefix(t.srv.URL, "http://") }

// startTargets starts the targets, which run until stop is called.
func startTargets(s settings) (addresses []string, stop func()) {
	done := make(chan struct{})
	var all []*target
	for i := range s.targets {
		var t *target
		if s.routes > 0 {
			t = newService(s.routes, uint64(i))
		} else {
			t = newTarget(s.series)
		}
		go t.live(done)
		all = append(all, t)
		addresses = append(addresses, t.address())
	}
	return addresses, func() {
		close(done)
		for _, t := range all {
			t.srv.CloseClientConnections()
			t.srv.Close()
		}
	}
}
