package grafana

import "github.com/tacho-go/tacho/schema"

// overview answers whether the services are healthy, and which route is at fault.
var overview = board{
	name: "overview", title: "Services", about: "Rate, errors and latency of the chosen services, and their routes.",
	panels: func(naming) []panel {
		return []panel{
			{
				title: "Requests", unit: "reqps", form: number, description: "Requests per second of all chosen services.",
				queries: func(n naming) []query { return one(n.requests(nil), "requests") },
			}, {
				title: "Failed requests", unit: "percentunit", form: number, description: "Share of the requests that failed: the same statuses as in the alerts.",
				queries: func(n naming) []query { return one(n.errorRatio(), "failed") },
			}, {
				title: "p95 latency", unit: "duration", form: number, description: "95% of the requests took at most this long.",
				queries: func(n naming) []query {
					f, ok := latency(n)
					if !ok {
						return nil
					}
					return one(n.quantile("0.95", f), "p95")
				},
			}, {
				title: "Instances", unit: "short", form: number, description: "Instances of the chosen services that have counted requests.",
				queries: func(n naming) []query { return one("count("+n.requests([]string{"job", "instance"})+")", "instances") },
			},
			requestRate("Requests by status", "Requests per second by the status that was sent.", schema.Status),
			{
				title: "Failed requests by service", unit: "percentunit", description: "Share of each service's requests that failed.",
				queries: func(n naming) []query { return one(n.errorRatio("job"), "{{job}}") },
			},
			quantiles,
			{
				title: "p95 latency by service", unit: "duration", description: "95% of each service's requests took at most this long.",
				queries: p95("{{job}}", "job"),
			},
			distribution,
			current("Requests in flight", "Requests being served now, by service.", func(s schema.Schema) schema.Family { return s.InFlight }, "job", "{{job}}"),
			current("Open streams", "Streamed responses and hijacked connections open now, by service.", func(s schema.Schema) schema.Family { return s.StreamsInFlight }, "job", "{{job}}"),
			panicked,
			routes,
		}
	},
}

// routes lists the routes. Only columns that exist for all rows are there.
var routes = panel{
	title: "Routes", unit: "short", form: rows,
	description: "Rate, share of failed requests and p95 latency of each route. A cell leads to the route's dashboard.",
	columns:     []column{{"requests/s", "reqps"}, {"failed", "percentunit"}, {"p95", "duration"}},
	queries: func(n naming) []query {
		by, _ := n.labels(schema.Route)
		if len(by) == 0 {
			return nil
		}
		by = append([]string{"job"}, by...)
		all := []query{{n.requests(by), ""}, {n.errorRatio(by...), ""}}
		if f, ok := latency(n); ok {
			if of, _ := labelsOf(f, schema.Route); len(of)+1 == len(by) {
				all = append(all, query{n.quantile("0.95", f, by...), ""})
			}
		}
		if all[1].expr == "" {
			return all[:1]
		}
		return all
	},
}
