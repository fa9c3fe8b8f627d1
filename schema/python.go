package schema

var byStatusCode = LabelName{Name: "status_code", Value: Status}

// FastAPI returns the names of prometheus-fastapi-instrumentator. Its status is the class, such
// as 2xx, unless should_group_status_codes is off. The latency has a status if metrics.latency is
// added instead of the default metrics. Requests without a route have handler="none".
func FastAPI() Schema {
	handler := LabelName{Name: "handler", Value: Route}
	status := LabelName{Name: "status", Value: StatusClass, Aliases: []string{"status_code"}}
	return Schema{
		Name: "fastapi-instrumentator",
		Requests: Family{
			Name: "http_requests_total", Kind: Counter,
			Labels: []LabelName{byMethod, status, handler},
			Help:   "Total number of requests by method, status and handler.",
		},
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{byMethod, handler, optional(status)},
			Help:   "Latency with only few buckets by handler. Made to be only used if aggregation by handler is important. ",
		},
		InFlight: Family{
			Name: "http_requests_inprogress", Kind: Gauge, Labels: []LabelName{optional(byMethod), optional(handler)},
			Help: "Number of HTTP requests in progress.",
		},
		RequestSize: Family{
			Name: "http_request_size_bytes", Kind: Summary, Unit: "bytes", Labels: []LabelName{handler},
			Help: "Content length of incoming requests by handler. Only value of header is respected. Otherwise ignored. No percentile calculated. ",
		},
		ResponseSize: Family{
			Name: "http_response_size_bytes", Kind: Summary, Unit: "bytes", Labels: []LabelName{handler},
			Help: "Content length of outgoing responses by handler. Only value of header is respected. Otherwise ignored. No percentile calculated. ",
		},
	}
}

// StarletteExporter returns the names of starlette_exporter.
func StarletteExporter() Schema {
	app := LabelName{Name: "app_name", Value: Service}
	labels := []LabelName{byMethod, byPath, byStatusCode, app}
	return Schema{
		Name: "starlette_exporter",
		Requests: Family{
			Name: "starlette_requests_total", Kind: Counter, Labels: labels,
			Help: "Total HTTP requests",
		},
		Duration: Family{
			Name: "starlette_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "HTTP request duration, in seconds",
		},
		InFlight: Family{
			Name: "starlette_requests_in_progress", Kind: Gauge, Labels: []LabelName{byMethod, app},
			Help: "Total HTTP requests currently in progress",
		},
	}
}

// StarlettePrometheus returns the names of starlette-prometheus. Its counter of responses serves
// as the request counter, because it has the status. A request that ends in an exception has no
// latency.
func StarlettePrometheus() Schema {
	path := LabelName{Name: "path_template", Value: Route}
	return Schema{
		Name: "starlette-prometheus",
		Requests: Family{
			Name: "starlette_responses_total", Kind: Counter, Labels: []LabelName{byMethod, path, byStatusCode},
			Help: "Total count of responses by method, path and status codes.",
		},
		Duration: Family{
			Name: "starlette_requests_processing_time_seconds", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{byMethod, path},
			Help:   "Histogram of requests processing time by path (in seconds)",
		},
		InFlight: Family{
			Name: "starlette_requests_in_progress", Kind: Gauge, Labels: []LabelName{byMethod, path},
			Help: "Gauge of requests by method and path currently being processed",
		},
		Panics: Family{
			Name: "starlette_exceptions_total", Kind: Counter,
			Labels: []LabelName{byMethod, path, {Name: "exception_type", Value: Exception}},
			Help:   "Total count of exceptions raised by path and exception type",
		},
	}
}

// Django returns the names of django-prometheus without a namespace. The Python client appends
// _total to its counters, although their names already contain it. Routes are the names of
// views. It has no in-flight gauge, and its body sizes are over all views.
func Django() Schema {
	view := LabelName{Name: "view", Value: Route}
	return Schema{
		Name: "django-prometheus",
		Requests: Family{
			Name: "django_http_responses_total_by_status_view_method_total", Kind: Counter,
			Labels: []LabelName{byStatus, view, byMethod},
			Help:   "Count of responses by status, view, method.",
		},
		Duration: Family{
			Name: "django_http_requests_latency_seconds_by_view_method", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{view, byMethod},
			Help:   "Histogram of request processing time labelled by view.",
		},
		RequestSize: Family{
			Name: "django_http_requests_body_total_bytes", Kind: Histogram, Unit: "bytes",
			Help: "Histogram of requests by body size.",
		},
		ResponseSize: Family{
			Name: "django_http_responses_body_total_bytes", Kind: Histogram, Unit: "bytes",
			Help: "Histogram of responses by body size.",
		},
		Panics: Family{
			Name: "django_http_exceptions_total_by_view_total", Kind: Counter, Labels: []LabelName{view},
			Help: "Count of exceptions by view.",
		},
	}
}
