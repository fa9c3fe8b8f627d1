package schema

// Flask returns the names of prometheus-flask-exporter, to the letter.
func Flask() Schema {
	return Schema{
		Name: "flask",
		Requests: Family{
			Name: "flask_http_request_total", Kind: Counter, Labels: []LabelName{byMethod, byStatus},
			Help: "Total number of HTTP requests",
		},
		Duration: Family{
			Name: "flask_http_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: byRouteAndOutcome,
			Help: "Flask HTTP request duration in seconds",
		},
		Panics: Family{
			Name: "flask_http_request_exceptions_total", Kind: Counter, Labels: []LabelName{byMethod, byStatus},
			Help: "Total number of HTTP requests which resulted in an exception",
		},
	}
}
