package schema

// OTel returns the stable HTTP semantic conventions of OpenTelemetry as its
// Prometheus exporters and the Collector write them. There is no request
// counter: the histogram's count serves. Instrumentations add attributes, the
// server's address and the protocol among them.
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
func OTel() Schema {
	method := LabelName{Name: "http_request_method", Value: Method}
	route := LabelName{Name: "http_route", Value: Route, Optional: true} // left out when no route is known
	status := LabelName{Name: "http_response_status_code", Value: Status, Optional: true}
	scheme := LabelName{Name: "url_scheme", Value: Scheme}
	labels := []LabelName{method, route, status, scheme}
	return Schema{
		Name: "otel",
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
	}
}
