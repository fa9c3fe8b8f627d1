package schema

// EchoPrometheus returns the names of Echo's middleware, echoprometheus in
// github.com/labstack/echo-contrib and github.com/labstack/echo-prometheus.
func EchoPrometheus() Schema {
	labels := []LabelName{byCode, byMethod, byHost, byURL}
	return Schema{
		Name: "echoprometheus",
		Requests: Family{
			Name: "echo_requests_total", Kind: Counter, Labels: labels,
			Help: "How many HTTP requests processed, partitioned by status code and HTTP method.",
		},
		Duration: Family{
			Name: "echo_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "The HTTP request latencies in seconds.",
		},
		RequestSize: Family{
			Name: "echo_request_size_bytes", Kind: Histogram, Unit: "bytes", Labels: labels,
			Help: "The HTTP request sizes in bytes.",
		},
		ResponseSize: Family{
			Name: "echo_response_size_bytes", Kind: Histogram, Unit: "bytes", Labels: labels,
			Help: "The HTTP response sizes in bytes.",
		},
	}
}

// FiberPrometheus returns the names of github.com/ansrivas/fiberprometheus. Its in-flight gauge
// ends in _total.
func FiberPrometheus() Schema {
	labels := []LabelName{{Name: "status_code", Value: Status}, byMethod, byPath, byService}
	return Schema{
		Name: "fiberprometheus",
		Requests: Family{
			Name: "http_requests_total", Kind: Counter, Labels: labels,
			Help: "Count all http requests by status code, method and path.",
		},
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "Duration of all HTTP requests by status code, method and path.",
		},
		InFlight: Family{
			Name: "http_requests_in_progress_total", Kind: Gauge, Labels: []LabelName{byMethod, byService},
			Help: "All the requests in progress",
		},
	}
}

// byHandlerName is a route under a name that the programmer chose.
var byHandlerName = LabelName{Name: "handler", Value: Route, Optional: true}

// Promhttp returns the names that the examples of client_golang's promhttp package have made
// common; the package leaves names to its users. Methods are in lower case. The handler label
// exists if the programmer curried it in; without it, routes cannot be distinguished.
func Promhttp() Schema {
	labels := []LabelName{byHandlerName, byMethod, byCode}
	return Schema{
		Name: "promhttp",
		Requests: Family{
			Name: "http_requests_total", Kind: Counter, Labels: labels,
			Help: "Tracks the number of HTTP requests.",
		},
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "Tracks the latencies for HTTP requests.",
		},
		InFlight: Family{
			Name: "in_flight_requests", Kind: Gauge,
			Help: "A gauge of requests currently being served by the wrapped handler.",
		},
		RequestSize: Family{
			Name: "http_request_size_bytes", Kind: Summary, Unit: "bytes", Labels: labels,
			Help: "Tracks the size of HTTP requests.",
		},
		ResponseSize: Family{
			Name: "http_response_size_bytes", Kind: Summary, Unit: "bytes", Labels: labels,
			Help: "Tracks the size of HTTP responses.",
		},
	}
}

// GoHTTPMetrics returns the names of github.com/slok/go-http-metrics. It has no request counter,
// so the histogram's count is used. Service is empty unless configured, and handler is empty if
// no route matched.
func GoHTTPMetrics() Schema {
	labels := []LabelName{byService, byHandlerName, byMethod, byCode}
	return Schema{
		Name: "go-http-metrics",
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "The latency of the HTTP requests.",
		},
		InFlight: Family{
			Name: "http_requests_inflight", Kind: Gauge, Labels: []LabelName{byService, byHandlerName},
			Help: "The number of inflight requests being handled at the same time.",
		},
		ResponseSize: Family{
			Name: "http_response_size_bytes", Kind: Histogram, Unit: "bytes", Labels: labels,
			Help: "The size of the HTTP responses.",
		},
	}
}

// GoZero returns the names of rest in github.com/zeromicro/go-zero. The latency is in milliseconds;
// requests that match no route are not measured.
func GoZero() Schema {
	labels := []LabelName{byCode, byMethod, byPath}
	return Schema{
		Name: "go-zero",
		Requests: Family{
			Name: "http_server_requests_code_total", Kind: Counter, Labels: labels,
			Help: "http server requests error count.",
		},
		Duration: Family{
			Name: "http_server_requests_duration_ms", Kind: Histogram, Unit: "milliseconds", Labels: labels,
			Help: "http server requests duration(ms).",
		},
	}
}

// Hertz returns the names of github.com/hertz-contrib/monitor-prometheus. The latency is in
// microseconds. The path exists since late 2022 and is the route's template since late 2023; it is
// unknown if no route matched.
func Hertz() Schema {
	labels := []LabelName{byMethod, optional(byPath), {Name: "statusCode", Value: Status}}
	return Schema{
		Name: "hertz",
		Requests: Family{
			Name: "hertz_server_throughput", Kind: Counter, Labels: labels,
			Help: "Total number of HTTPs completed by the server, regardless of success or failure.",
		},
		Duration: Family{
			Name: "hertz_server_latency_us", Kind: Histogram, Unit: "microseconds", Labels: labels,
			Help: "Latency (microseconds) of HTTP that had been application-level handled by the server.",
		},
	}
}
