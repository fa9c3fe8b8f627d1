package sidecar

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the proxy's own.
type metrics struct {
	overhead     prometheus.Histogram
	queue        prometheus.Histogram
	queued       prometheus.Gauge
	tunnels      prometheus.Gauge
	clientErrors *prometheus.CounterVec
	connect      *prometheus.HistogramVec
	response     *prometheus.HistogramVec
	errors       *prometheus.CounterVec
	retries      *prometheus.CounterVec
	up           *prometheus.GaugeVec
}

const (
	upstreamLabel = "upstream"
	causeLabel    = "cause"
)

// overheadBuckets are upper bounds in seconds, for what takes about 100 µs.
var overheadBuckets = []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, .25, 1}

// connectBuckets are upper bounds in seconds, for a service on the same machine or network.
var connectBuckets = []float64{50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 10e-3, 50e-3, .1, .5, 1, 5}

func newMetrics(latency []float64) *metrics {
	histogram := func(name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	}
	return &metrics{
		overhead: prometheus.NewHistogram(histogram("tacho_proxy_overhead_seconds",
			"Time that requests spent in the proxy itself, before they were sent to the upstream and after its response's header.", overheadBuckets)),
		queue: prometheus.NewHistogram(histogram("tacho_proxy_queue_seconds",
			"Time that requests waited because of the limit of concurrent requests.", latency)),
		queued:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "tacho_proxy_queued_requests", Help: "Requests that wait because of the limit of concurrent requests."}),
		tunnels: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tacho_proxy_tunnels", Help: "Upgraded connections that are open, such as WebSockets."}),
		clientErrors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tacho_proxy_client_errors_total",
			Help: "Requests that failed because of the client, by cause."}, []string{causeLabel}),
		connect: prometheus.NewHistogramVec(histogram("tacho_proxy_upstream_connect_seconds",
			"Time to connect to the upstream.", connectBuckets), []string{upstreamLabel}),
		response: prometheus.NewHistogramVec(histogram("tacho_proxy_upstream_response_seconds",
			"Time from sending a request to the header of the upstream's response.", latency), []string{upstreamLabel}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tacho_proxy_upstream_errors_total",
			Help: "Requests that failed because of the upstream, by cause."}, []string{upstreamLabel, causeLabel}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tacho_proxy_upstream_retries_total",
			Help: "Requests that were sent again because the upstream had closed an idle connection."}, []string{upstreamLabel}),
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tacho_proxy_upstream_up",
			Help: "1 if the upstream accepted the last connection or passed the last health check, else 0."}, []string{upstreamLabel}),
	}
}

func (m *metrics) register(to prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{m.overhead, m.queue, m.queued, m.tunnels, m.clientErrors, m.connect, m.response, m.errors, m.retries, m.up} {
		if err := to.Register(c); err != nil {
			return err
		}
	}
	for _, cause := range clientCauses {
		m.clientErrors.WithLabelValues(cause)
	}
	return nil
}

// upstreamMetrics are those of one upstream.
type upstreamMetrics struct {
	connect  prometheus.Observer
	response prometheus.Observer
	errors   *prometheus.CounterVec // by cause
	retries  prometheus.Counter
	up       prometheus.Gauge
}

// of returns the metrics of an upstream, which start at zero.
func (m *metrics) of(upstream string) upstreamMetrics {
	label := prometheus.Labels{upstreamLabel: upstream}
	u := upstreamMetrics{
		connect: m.connect.With(label), response: m.response.With(label),
		errors: m.errors.MustCurryWith(label), retries: m.retries.With(label), up: m.up.With(label),
	}
	for _, cause := range upstreamCauses {
		u.errors.WithLabelValues(cause)
	}
	return u
}
