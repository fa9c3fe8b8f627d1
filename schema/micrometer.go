package schema

// Micrometer returns the names of Spring Boot 3 with Micrometer's Prometheus registry. Quarkus
// exports the same ones with fewer labels. The latency has buckets only if
// management.metrics.distribution.percentiles-histogram is set; otherwise it is a count and a
// sum, which is enough for rates. Requests in flight are the count of a long task timer: its
// sample ends in _count, in _gcount with buckets, and in _active_count up to Spring Boot 3.2.
func Micrometer() Schema {
	labels := []LabelName{
		{Name: "exception", Value: Exception, Optional: true}, byMethod,
		{Name: "outcome", Value: Outcome}, byStatus, {Name: "uri", Value: Route},
	}
	return Schema{
		Name: "micrometer",
		Duration: Family{
			Name: "http_server_requests_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
		},
		InFlight: Family{
			Name: "http_server_requests_active_seconds", Kind: Summary, Labels: labels,
		},
	}
}
