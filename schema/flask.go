package schema

// Flask returns the exact names of prometheus-flask-exporter, with the buckets of the Python
// client. WithPrefix is its defaults_prefix. Summary as the Kind of Duration is its
// default_latency_as_histogram=False.
func Flask() Schema {
	return Schema{
		Name: "flask", Prefix: "flask", FromFirst: true,
		Buckets: []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10},
		Requests: Family{
			Name: "flask_http_request_total", Kind: Counter, Labels: []LabelName{byMethod, byStatus},
			Help: "Total number of HTTP requests",
		},
		Duration: Family{
			Name: "flask_http_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: []LabelName{byMethod, byPath, byStatus},
			Help: "Flask HTTP request duration in seconds",
		},
		Panics: Family{
			Name: "flask_http_request_exceptions_total", Kind: Counter, Labels: []LabelName{byMethod, byStatus},
			Help: "Total number of HTTP requests which resulted in an exception",
		},
		Info: Family{
			Name: "flask_exporter_info", Kind: Gauge, Labels: []LabelName{{Name: "version", Value: Version}},
			Help: "Information about the Prometheus Flask exporter",
		},
	}
}
