package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A row is one way to measure the requests of a framework.
type row struct {
	framework string
	name      string // "bare" measures nothing
	mount     func(workload) service
}

const bare = "bare"

// A service is a row in operation: the handler, and the endpoint with its metrics.
type service struct {
	handler http.Handler
	metrics http.Handler // nil for bare rows
	counter string       // the sample whose sum is the number of requests
}

func rows() []row { return append(netHTTPRows(), ginRows()...) }

// recorded returns how many requests the service has measured.
func (s service) recorded() (float64, error) {
	w := httptest.NewRecorder()
	s.metrics.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return sumOf(w.Body.Bytes(), s.counter)
}

// sumOf sums the values of a sample in the text format.
func sumOf(text []byte, sample string) (total float64, err error) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		labels, ok := strings.CutPrefix(lines.Text(), sample)
		if !ok || labels[0] != '{' && labels[0] != ' ' {
			continue
		}
		v, err := strconv.ParseFloat(labels[strings.LastIndexByte(labels, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading %q: %w", lines.Text(), err)
		}
		total += v
	}
	return total, nil
}

// exposed returns the metrics endpoint of a registry.
func exposed(g prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(g, promhttp.HandlerOpts{EnableOpenMetrics: true})
}
