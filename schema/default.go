package schema

var (
	byMethod         = LabelName{Name: "method", Value: Method}
	byPath           = LabelName{Name: "path", Value: Route}
	byStatus         = LabelName{Name: "status", Value: Status}
	byRoute          = []LabelName{byMethod, byPath}
	statusOrCode     = LabelName{Name: "status", Value: Status, Aliases: []string{"code"}}
	byServer         = LabelName{Name: "host", Value: Host}
	byHostAndOutcome = []LabelName{byMethod, byServer, byStatus}
)

// optional marks a label that a service may leave out.
func optional(l LabelName) LabelName {
	l.Optional = true
	return l
}

// Default returns tacho's own schema: the names that hand-written Gin middleware has made
// common, with every label bounded. Such middleware usually has no status on the latency, may
// have none at all, or calls it code; it still matches this schema.
func Default() Schema {
	return Schema{
		Name: "default",
		Requests: Family{
			Name: "http_requests_total", Kind: Counter, Labels: []LabelName{byMethod, byPath, optional(statusOrCode)},
			Help: "HTTP requests served, by method, route template and status.",
		},
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{byMethod, byPath, optional(statusOrCode)},
			Help:   "Time from the start of an HTTP request to the end of its response, or to the first byte of a stream, in seconds.",
		},
		InFlight: Family{
			Name: "http_requests_in_flight", Kind: Gauge,
			Help: "HTTP requests being served now.",
		},
		RequestSize: Family{
			Name: "http_request_size_bytes", Kind: Histogram, Unit: "bytes", Labels: byRoute,
			Help: "Bytes of HTTP request bodies that the service read.",
		},
		ResponseSize: Family{
			Name: "http_response_size_bytes", Kind: Histogram, Unit: "bytes", Labels: byRoute,
			Help: "Bytes of HTTP response bodies that the service wrote.",
		},
		Panics: Family{
			Name: "http_request_panics_total", Kind: Counter, Labels: byRoute,
			Help: "Panics of HTTP handlers.",
		},
		StreamDuration: Family{
			Name: "http_stream_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: byRoute,
			Help: "Lifetime of streamed responses and hijacked connections, in seconds.",
		},
		StreamsInFlight: Family{
			Name: "http_streams_in_flight", Kind: Gauge,
			Help: "Streamed responses and hijacked connections open now.",
		},
		Client: Client{
			Requests: Family{
				Name: "http_client_requests_total", Kind: Counter, Labels: byHostAndOutcome,
				Help: "Outgoing HTTP requests that have ended, by method, host and status.",
			},
			Duration: Family{
				Name: "http_client_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: byHostAndOutcome,
				Help: "Time from the start of an outgoing HTTP request to the end of its response, in seconds.",
			},
			InFlight: Family{
				Name: "http_client_requests_in_flight", Kind: Gauge, Labels: []LabelName{byMethod, byServer},
				Help: "Outgoing HTTP requests in flight now.",
			},
		},
	}
}
