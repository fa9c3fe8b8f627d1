package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/cloudwego/hertz/pkg/route"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/codes"
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
	handler http.Handler            // nil on fasthttp
	fast    fasthttp.RequestHandler // nil on net/http
	hertz   *route.Engine           // nil on net/http
	metrics http.Handler            // nil for rows that measure nothing
	counter string                  // the sample whose sum is the number of requests

	// Of RPCs: the request for handler and the meaning of its response, or the client's call.
	wire   func(*rpc) wire
	decode func(*sink) (codes.Code, int)
	call   func(*rpc) (codes.Code, int)
}

// serve sends n requests to the service.
func (s service) serve(t *traffic, w *sink, n int) {
	switch {
	case s.fast != nil:
		t.serveFast(s.fast, n)
	case s.hertz != nil:
		t.serveHertz(s.hertz, n)
	case s.isRPC():
		s.serveRPC(t, w, n)
	default:
		t.serve(s.handler, w, n)
	}
}

func (s service) isRPC() bool { return s.wire != nil || s.call != nil }

// answer sends one request and returns the status and the length of the response.
func (s service) answer(t *traffic, i int) (status, bytes int) {
	if s.fast != nil {
		ctx := t.fast()[i]
		s.fast(ctx)
		return ctx.Response.StatusCode(), len(ctx.Response.Body())
	}
	if s.hertz != nil {
		c := t.hertz()[i]
		s.hertz.ServeHTTP(context.Background(), c)
		return c.Response.StatusCode(), len(c.Response.Body())
	}
	out := newSink()
	s.handler.ServeHTTP(out, t.requests[i])
	return out.status, out.bytes
}

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
