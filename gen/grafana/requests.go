package grafana

import "github.com/tacho-go/tacho/schema"

// Panels about requests, which several dashboards have.

func requestRate(title, description string, values ...schema.Value) panel {
	return panel{title: title, description: description, unit: "reqps", queries: func(n naming) []query {
		by, legend := n.labels(values...)
		if len(by) == 0 {
			return nil
		}
		return one(n.requests(by), legend)
	}}
}

// latency is the latency of the schema, if it is a histogram.
func latency(n naming) (schema.Family, bool) {
	f := n.Schema.Duration
	return f, f.Name != "" && f.Kind == schema.Histogram
}

// p95 returns the 95% quantile of the latency by labels.
func p95(legend string, by ...string) func(naming) []query {
	return func(n naming) []query {
		f, ok := latency(n)
		if !ok {
			return nil
		}
		return one(n.quantile("0.95", f, by...), legend)
	}
}

// quantiles draws three quantiles of the latency.
var quantiles = panel{
	title: "Latency", unit: "duration",
	description: "Half, 95% and 99% of the requests took at most this long. Without requests there is none.",
	queries: func(n naming) (all []query) {
		f, ok := latency(n)
		if !ok {
			return nil
		}
		for _, q := range []struct{ q, name string }{{"0.5", "p50"}, {"0.95", "p95"}, {"0.99", "p99"}} {
			all = append(all, query{n.quantile(q.q, f), q.name})
		}
		return all
	},
}

// distribution shows how many requests took how long.
var distribution = panel{
	title: "Latency distribution", unit: "duration", form: heat,
	description: "How many requests took how long: two bands are two kinds of requests, such as hits and misses of a cache.",
	queries: func(n naming) []query {
		f, ok := latency(n)
		if !ok {
			return nil
		}
		return one(n.buckets(f), "{{le}}")
	},
}

// meanOf draws the mean of a family.
func meanOf(title, description, unit string, of func(schema.Schema) schema.Family) panel {
	return panel{title: title, description: description, unit: unit, queries: func(n naming) []query {
		f := of(n.Schema)
		if f.Name == "" || f.Kind != schema.Histogram && f.Kind != schema.Summary {
			return nil
		}
		if unit != "duration" && f.Unit != "bytes" {
			return nil
		}
		return one(n.mean(f), "mean")
	}}
}

// current draws a gauge by job.
func current(title, description string, of func(schema.Schema) schema.Family, by, legend string) panel {
	return panel{title: title, description: description, unit: "short", queries: func(n naming) []query {
		f := of(n.Schema)
		if f.Name == "" {
			return nil
		}
		if f.Kind == schema.Summary { // Micrometer's: a count under one of three names
			return one(sum(selector("", append([]string{`__name__=~"` + f.Name + `_(count|gcount|active_count)"`}, n.own(f)...)...), by), legend)
		}
		if f.Kind != schema.Gauge {
			return nil
		}
		n.routed = false // most have no route
		return one(sum(selector(f.Name, n.own(f)...), by), legend)
	}}
}

// panicked draws the rate of panics or exceptions, 0 without any.
var panicked = panel{
	title: "Panics and exceptions", unit: "ops",
	description: "Requests whose handler panicked or raised an exception. Every one is a defect of the service.",
	queries: func(n naming) []query {
		f := n.Schema.Panics
		if f.Name == "" {
			return nil
		}
		if _, routed := f.Label(schema.Route); !routed {
			n.routed = false
		}
		return one(sum(rate(f.Name, n.own(f)...))+" or vector(0)", "per second")
	},
}
