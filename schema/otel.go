package schema

// OTel returns the stable HTTP semantic conventions of OpenTelemetry, as its Prometheus
// exporters and the Collector write them. They have no request counter, so the histogram's count
// is used. Instrumentations add attributes, such as the server's address and the protocol.
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
func OTel() Schema {
	method := LabelName{Name: "http_request_method", Value: Method}
	route := LabelName{Name: "http_route", Value: Route, Optional: true} // omitted if no route is known
	status := LabelName{Name: "http_response_status_code", Value: Status, Optional: true}
	scheme := LabelName{Name: "url_scheme", Value: Scheme}
	failure := LabelName{Name: "error_type", Value: ErrorType, Optional: true} // failed requests only
	labels := []LabelName{method, route, status, scheme, failure}
	server := LabelName{Name: "server_address", Value: Host}
	port := LabelName{Name: "server_port", Value: Port, Optional: true}
	return Schema{
		Name:    "otel",
		Buckets: []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10},
		Duration: Family{
			Name: "http_server_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "Duration of HTTP server requests.",
		},
		InFlight: Family{
			Name: "http_server_active_requests", Kind: Gauge, Labels: []LabelName{method, scheme},
			Help: "Number of active HTTP server requests.",
		},
		RequestSize: Family{
			Name: "http_server_request_body_size_bytes", Kind: Histogram, Unit: "bytes", Labels: labels,
			Help: "Size of HTTP server request bodies.",
		},
		ResponseSize: Family{
			Name: "http_server_response_body_size_bytes", Kind: Histogram, Unit: "bytes", Labels: labels,
			Help: "Size of HTTP server response bodies.",
		},
		Client: Client{
			Duration: Family{
				Name: "http_client_request_duration_seconds", Kind: Histogram, Unit: "seconds",
				Labels: []LabelName{method, server, port, status, failure},
				Help:   "Duration of HTTP client requests.",
			},
			InFlight: Family{
				Name: "http_client_active_requests", Kind: Gauge, Labels: []LabelName{method, server, port},
				Help: "Number of active HTTP requests.",
			},
		},
	}
}
