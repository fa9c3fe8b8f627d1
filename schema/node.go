package schema

// ExpressPromBundle returns the names of express-prom-bundle. It has no request counter; the
// histogram's count is used. The labels method and path exist if includeMethod and includePath
// are set. The path is a route's template only with normalizePath.
func ExpressPromBundle() Schema {
	return Schema{
		Name: "express-prom-bundle",
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{byStatusCode, optional(byMethod), optional(byPath)},
			Help:   "duration histogram of http responses labeled with: ",
		},
	}
}

// PromClient returns the names that the examples of Node's prom-client have made common; the
// library itself sets none. The label of the route is route, that of the status is code,
// status_code or status. Many services have only the histogram, or no status on it.
func PromClient() Schema {
	status := LabelName{Name: "code", Value: Status, Aliases: []string{"status_code", "status"}}
	labels := []LabelName{optional(byMethod), {Name: "route", Value: Route}, optional(status)}
	return Schema{
		Name: "prom-client",
		Requests: Family{
			Name: "http_requests_total", Kind: Counter, Labels: labels,
			Help: "Total number of HTTP requests",
		},
		Duration: Family{
			Name: "http_request_duration_seconds", Kind: Histogram, Unit: "seconds", Labels: labels,
			Help: "Duration of HTTP requests in seconds",
		},
	}
}
