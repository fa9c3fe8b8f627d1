package grafana

import (
	"slices"

	"github.com/tacho-go/tacho/schema"
)

// runtime shows what the process and its language need.
var runtime = board{
	name: "runtime", title: "Process and runtime", about: "Processor, memory, files and garbage collection of each instance.",
	panels: func(naming) (all []panel) {
		for _, m := range runtimeMetrics {
			all = append(all, m.panel())
		}
		return all
	},
}

// A runtimeMetric is a panel about one family of a client library.
type runtimeMetric struct {
	languages                []string // of services that have it without being asked; "" is any
	name                     string
	title, description, unit string
	ask                      func(name string) query
}

func gaugeOf(name string) query {
	return query{"max by (instance) (" + selector(name) + ")", "{{instance}}"}
}
func counterOf(name string) query { return query{sum(rate(name), "instance"), "{{instance}}"} }

// ofLimit divides a gauge by the gauge of its limit.
func ofLimit(limit string) func(string) query {
	return func(name string) query {
		return query{"max by (instance) (" + selector(name) + " / " + selector(limit) + ")", "{{instance}}"}
	}
}

func by(label string, rated bool) func(string) query {
	return func(name string) query {
		expr := selector(name)
		if rated {
			expr = rate(name)
		}
		return query{sum(expr, "instance", label), "{{instance}} {{" + label + "}}"}
	}
}

var (
	goLang, python, jvm, node = []string{"go"}, []string{"python"}, []string{"jvm"}, []string{"node"}
	clients                   = []string{"go", "python", "node"} // whose libraries have process_*
)

var runtimeMetrics = []runtimeMetric{
	{clients, "process_cpu_seconds_total", "Processor time", "Processor time of each instance: 100% is one core.", "percentunit", counterOf},
	{clients, "process_resident_memory_bytes", "Memory", "Resident memory of each instance.", "bytes", gaugeOf},
	{[]string{"go", "python"}, "process_open_fds", "Open files", "Share of the allowed file descriptors that each instance has open.", "percentunit", ofLimit("process_max_fds")},
	{clients, "process_start_time_seconds", "Age", "Time since each instance was started.", "s", func(name string) query {
		return query{"time() - max by (instance) (" + selector(name) + ")", "{{instance}}"}
	}},
	{goLang, "go_goroutines", "Goroutines", "A number that only grows is a leak.", "short", gaugeOf},
	{goLang, "go_memstats_heap_inuse_bytes", "Heap", "Bytes of the heap in use.", "bytes", gaugeOf},
	{goLang, "go_memstats_alloc_bytes_total", "Allocation", "Bytes allocated per second: what garbage collection has to clean up.", "Bps", counterOf},
	{goLang, "go_gc_duration_seconds_count", "Garbage collections", "Garbage collections per second.", "ops", counterOf},
	{goLang, "go_sched_gomaxprocs_threads", "Processors", "Processors that Go code may use at once.", "short", gaugeOf},
	{python, "python_gc_collections_total", "Garbage collections", "Collections per second by generation.", "ops", by("generation", true)},
	{python, "python_gc_objects_collected_total", "Collected objects", "Objects collected per second by generation.", "ops", by("generation", true)},
	{jvm, "process_cpu_usage", "Processor usage", "Share of all processors that each instance uses.", "percentunit", gaugeOf},
	{jvm, "jvm_memory_used_bytes", "Memory of the JVM", "Bytes in use by area.", "bytes", by("area", false)},
	{jvm, "jvm_threads_live_threads", "Threads", "Live threads.", "short", gaugeOf},
	{jvm, "jvm_gc_pause_seconds_sum", "Pauses", "Share of the time in which garbage collection stops the service.", "percentunit", counterOf},
	{jvm, "process_files_open_files", "Open files", "Open file descriptors of each instance.", "short", gaugeOf},
	{node, "nodejs_eventloop_lag_p99_seconds", "Event loop", "How late 99% of the timers ran at most: no request is served meanwhile.", "s", gaugeOf},
	{node, "nodejs_heap_size_used_bytes", "Heap", "Bytes of the heap in use.", "bytes", gaugeOf},
	{node, "nodejs_active_handles_total", "Handles", "Open sockets, timers and files.", "short", gaugeOf},
}

// languageOf is that of the services that usually follow a schema; it is not listed for those of any.
var languageOf = map[string]string{
	schema.Default().Name: "go", schema.OTel().Name: "go",
	schema.Flask().Name: "python", schema.FastAPI().Name: "python", schema.StarletteExporter().Name: "python",
	schema.StarlettePrometheus().Name: "python", schema.Django().Name: "python",
	schema.Micrometer().Name: "jvm", schema.ExpressPromBundle().Name: "node", schema.PromClient().Name: "node",
}

func (m runtimeMetric) panel() panel {
	return panel{title: m.title, description: m.description, unit: m.unit, queries: func(n naming) []query {
		if !m.exists(n) {
			return nil
		}
		return []query{m.ask(m.name)}
	}}
}

// exists reports whether the service has the metric, or services of the schema usually have it.
func (m runtimeMetric) exists(n naming) bool {
	if n.Live != nil {
		return n.Live.HasSeries(m.name)
	}
	language := languageOf[n.Schema.Name]
	if language == "" {
		language = "go"
	}
	return slices.Contains(m.languages, language)
}
