package schema

// ExpressPromBundle returns the names of express-prom-bundle. There is no
// request counter: the histogram's count serves. Method and path are there if
// includeMethod and includePath are set; the path is a route's template only
// with normalizePath.
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

// PromClient returns the names that the examples of Node's prom-client have
// made usual; the library itself leaves names to its users. The route is
// called route, the status code, status_code or status. Many services have the
// histogram alone, or no status on it.
func PromClient() Schema {
	status := LabelName{Name: "code", Value: Status, Also: []string{"status_code", "status"}}
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
