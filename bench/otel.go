package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// otelProvider returns an OpenTelemetry SDK with a Prometheus exporter.
func otelProvider() (*metric.MeterProvider, http.Handler) {
	reg := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(reg))
	if err != nil {
		panic(err) // only for a registry that has it already
	}
	return metric.NewMeterProvider(metric.WithReader(reader)), exposed(reg)
}
