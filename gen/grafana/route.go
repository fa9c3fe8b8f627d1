package grafana

import "github.com/tacho-go/tacho/schema"

// route shows the chosen routes: what they return, to whom it takes long, and on which instance.
var route = board{
	name: "route", title: "Route", about: "The chosen routes in detail: statuses, latency, sizes and instances.", routed: true,
	panels: func(n naming) []panel {
		if by, _ := n.labels(schema.Route); len(by) == 0 {
			return nil
		}
		return []panel{
			requestRate("Requests", "Requests per second by method and route.", schema.Method, schema.Route),
			requestRate("Statuses", "Requests per second by the status that was sent.", schema.Status),
			{
				title: "Failed requests", unit: "percentunit", description: "Share of each route's requests that failed.",
				queries: func(n naming) []query {
					by, legend := n.labels(schema.Route)
					return one(n.errorRatio(by...), legend)
				},
			},
			quantiles, distribution,
			meanOf("Mean latency", "Mean duration of a request. One slow request in a hundred hardly moves it: see the quantiles.", "duration",
				func(s schema.Schema) schema.Family { return s.Duration }),
			{
				title: "Requests by instance", unit: "reqps", description: "Requests per second on each instance: they should be alike.",
				queries: func(n naming) []query { return one(n.requests([]string{"instance"}), "{{instance}}") },
			}, {
				title: "p95 latency by instance", unit: "duration", description: "An instance that is slower than the others is a machine or a connection at fault, not the code.",
				queries: p95("{{instance}}", "instance"),
			}, {
				title: "Failed requests by instance", unit: "percentunit", description: "Share of each instance's requests that failed.",
				queries: func(n naming) []query { return one(n.errorRatio("instance"), "{{instance}}") },
			},
			meanOf("Request size", "Mean size of a request's body.", "bytes", func(s schema.Schema) schema.Family { return s.RequestSize }),
			meanOf("Response size", "Mean size of a response's body.", "bytes", func(s schema.Schema) schema.Family { return s.ResponseSize }),
			panicked,
		}
	},
}
