package schema

// Labels that several Go libraries share.
var (
	byCode    = LabelName{Name: "code", Value: Status}
	byURL     = LabelName{Name: "url", Value: Route, Optional: true} // empty when no route matched
	byHost    = LabelName{Name: "host", Value: Host}
	byService = LabelName{Name: "service", Value: Service, Optional: true}
)

// GoGinPrometheus returns the names of github.com/zsais/go-gin-prometheus. Up to v0.1.0 the
// latency is a summary without labels; since v1.0.0 it is a histogram with the labels given
// here. The handler is the name of a Go function.
func GoGinPrometheus() Schema {
	return Schema{
		Name: "go-gin-prometheus",
		Requests: Family{
			Name: "gin_requests_total", Kind: Counter,
			Labels: []LabelName{byCode, byMethod, {Name: "handler", Value: Handler}, byHost, byURL},
			Help:   "How many HTTP requests processed, partitioned by status code and HTTP method.",
		},
		Duration: Family{
			Name: "gin_request_duration_seconds", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{byCode, byMethod, {Name: "url", Value: Route}},
			Help:   "The HTTP request latencies in seconds.",
		},
		RequestSize: Family{
			Name: "gin_request_size_bytes", Kind: Summary, Unit: "bytes",
			Help: "The HTTP request sizes in bytes.",
		},
		ResponseSize: Family{
			Name: "gin_response_size_bytes", Kind: Summary, Unit: "bytes",
			Help: "The HTTP response sizes in bytes.",
		},
	}
}

// GinMetrics returns the names of github.com/penglongli/gin-metrics. Its latency is in seconds,
// although the name lacks the unit, and has neither method nor status. Its body sizes are
// counters over all routes, so they are not listed.
func GinMetrics() Schema {
	uri := LabelName{Name: "uri", Value: Route, Optional: true} // empty when no route matched
	return Schema{
		Name: "gin-metrics",
		Requests: Family{
			Name: "gin_uri_request_total", Kind: Counter, Labels: []LabelName{uri, byMethod, byCode},
			Help: "all the server received request num with every uri.",
		},
		Duration: Family{
			Name: "gin_request_duration", Kind: Histogram, Unit: "seconds", Labels: []LabelName{uri},
			Help: "the time server took to handle the request.",
		},
	}
}

// Ginprom returns the names of github.com/Depado/ginprom. Its latency is in seconds, although
// the name lacks the unit, and has no status.
func Ginprom() Schema {
	return Schema{
		Name: "ginprom",
		Requests: Family{
			Name: "gin_gonic_requests_total", Kind: Counter,
			Labels: []LabelName{byCode, byMethod, {Name: "handler", Value: Handler}, byHost, byPath},
			Help:   "How many HTTP requests processed, partitioned by status code and HTTP method.",
		},
		Duration: Family{
			Name: "gin_gonic_request_duration", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{byMethod, byPath, byHost},
			Help:   "The HTTP request latency bucket.",
		},
		RequestSize: Family{
			Name: "gin_gonic_request_size_bytes", Kind: Summary, Unit: "bytes",
			Help: "The HTTP request sizes in bytes.",
		},
		ResponseSize: Family{
			Name: "gin_gonic_response_size_bytes", Kind: Summary, Unit: "bytes",
			Help: "The HTTP response sizes in bytes.",
		},
	}
}
