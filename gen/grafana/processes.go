package grafana

import "github.com/tacho-go/tacho/schema"

// processes compares the instances of a service, and the processes within one.
var processes = board{
	name: "processes", title: "Processes", about: "The instances of the chosen services beside each other, and the processes of an instance.",
	panels: func(naming) []panel {
		return []panel{
			{
				title: "Scraped instances", unit: "short", description: "Instances by whether their last scrape succeeded: 1 is up, 0 is down.",
				queries: func(naming) []query {
					return one("max by (job, instance) ("+selector("up")+")", "{{job}} {{instance}}")
				},
			}, {
				title: "Requests by instance", unit: "reqps", description: "Requests per second on each instance: they should be alike.",
				queries: func(n naming) []query { return one(n.requests([]string{"job", "instance"}), "{{job}} {{instance}}") },
			}, {
				title: "Failed requests by instance", unit: "percentunit", description: "Share of each instance's requests that failed.",
				queries: func(n naming) []query { return one(n.errorRatio("job", "instance"), "{{job}} {{instance}}") },
			}, {
				title: "p95 latency by instance", unit: "duration", description: "An instance that is slower than the others is a machine or a connection at fault, not the code.",
				queries: p95("{{job}} {{instance}}", "job", "instance"),
			},
			current("Requests in flight by instance", "Requests being served now: an instance with more than the others is stuck or slow.",
				func(s schema.Schema) schema.Family { return s.InFlight }, "instance", "{{instance}}"),
			exported("tacho_multiproc_workers", panel{title: "Processes of an instance", unit: "short", description: "Processes that have files of metrics, by state."},
				func(name string) query {
					return query{sum(selector(name), "instance", "state"), "{{instance}} {{state}}"}
				}),
			exported("tacho_multiproc_worker_cpu_seconds_total", panel{title: "Processor time by process", unit: "percentunit", description: "Processor time of each process, in cores."},
				func(name string) query { return query{sum(rate(name), "instance", "pid"), "{{instance}} {{pid}}"} }),
			exported("tacho_multiproc_worker_resident_memory_bytes", panel{title: "Memory by process", unit: "bytes", description: "Resident memory of each process."},
				func(name string) query { return query{sum(selector(name), "instance", "pid"), "{{instance}} {{pid}}"} }),
		}
	},
}

// exported is a panel about a family that only some services have: those that were read.
func exported(name string, p panel, ask func(name string) query) panel {
	p.queries = func(n naming) []query {
		if !n.Live.Has(name) {
			return nil
		}
		return []query{ask(name)}
	}
	return p
}
