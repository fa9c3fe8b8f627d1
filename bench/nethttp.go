package main

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	slokprom "github.com/slok/go-http-metrics/metrics/prometheus"
	slok "github.com/slok/go-http-metrics/middleware"
	slokstd "github.com/slok/go-http-metrics/middleware/std"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/tacho-go/tacho"
)

func netHTTPRows() []row {
	const framework = "net/http"
	return []row{
		{framework, bare, func(w workload) service { return service{handler: newMux(w, unwrapped)} }},
		{framework, "tacho, everything on", tachoRow()},
		{framework, "tacho, minimal", tachoRow(minimal)},
		{framework, "tacho, native histograms too", tachoRow(native)},
		{framework, "tacho, two schemas", tachoRow(flaskToo)},
		{framework, "tacho, shared with other processes", tachoRow(shared)},
		{framework, "tacho, two labels of its own", tachoRow(ownLabels)},
		{framework, "tacho, counter and histogram on the route", tachoOnRoutes},
		{framework, "promhttp duration + counter + in-flight, no route", promhttpChain},
		{framework, "slok/go-http-metrics", slokMux},
		{framework, "otelhttp + SDK + exporter", otelMux},
	}
}

// newMux returns the measured service: a ServeMux whose handlers set a status and write two
// bytes.
func newMux(w workload, wrap func(pattern string, h http.Handler) http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	for i := range w.routes {
		pattern := fmt.Sprintf("/r%d/{id}", i)
		mux.Handle("GET "+pattern, wrap(pattern, http.HandlerFunc(answer)))
	}
	return mux
}

func answer(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(statusOf(r.URL.Path))
	_, _ = w.Write(body)
}

func unwrapped(_ string, h http.Handler) http.Handler { return h }

// tachoRow measures with tacho, with options that the functions set.
func tachoRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		m := tacho.MustNew(optionsWith(on))
		return service{handler: m.Handler(newMux(w, unwrapped)), metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

// tachoOnRoutes adds metrics with a computed label to each route.
func tachoOnRoutes(w workload) service {
	m := tacho.MustNew(tacho.Options{})
	on := []*tacho.Metric{
		m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls.", Labels: []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}}}),
		m.Histogram(tacho.MetricOptions{Name: "call_seconds", Help: "Time."}),
	}
	mux := newMux(w, func(_ string, h http.Handler) http.Handler { return tacho.Track(h, on...) })
	return service{handler: m.Handler(mux), metrics: m.Metrics(), counter: "http_requests_total"}
}

func optionsWith(on []func(*tacho.Options)) (o tacho.Options) {
	for _, f := range on {
		f(&o)
	}
	return o
}

// promhttpChain is the chain in client_golang's documentation. It has no route label, so it
// keeps at most four label sets, while the others keep 400.
func promhttpChain(w workload) service {
	reg := prometheus.NewRegistry()
	inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "http_requests_in_flight"})
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, []string{"code", "method"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds"}, []string{"code", "method"})
	reg.MustRegister(inFlight, counter, duration)
	h := promhttp.InstrumentHandlerInFlight(inFlight,
		promhttp.InstrumentHandlerDuration(duration,
			promhttp.InstrumentHandlerCounter(counter, newMux(w, unwrapped))))
	return service{handler: h, metrics: exposed(reg), counter: "http_requests_total"}
}

// slokMux wraps every route with its pattern, as in its README.
func slokMux(w workload) service {
	reg := prometheus.NewRegistry()
	m := slok.New(slok.Config{Recorder: slokprom.NewRecorder(slokprom.Config{Registry: reg})})
	mux := newMux(w, func(pattern string, h http.Handler) http.Handler { return slokstd.Handler(pattern, m, h) })
	return service{handler: mux, metrics: exposed(reg), counter: "http_request_duration_seconds_count"}
}

// otelMux has no tracer: only its metrics are measured.
func otelMux(w workload) service {
	provider, metrics := otelProvider()
	h := otelhttp.NewHandler(newMux(w, unwrapped), "bench", otelhttp.WithMeterProvider(provider))
	return service{handler: h, metrics: metrics, counter: "http_server_request_duration_seconds_count"}
}
