package tacho

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// Options configures a [Meter]. The zero value is right for most services. Rarely used fields are
// grouped: [Status], [Buckets], [Exclude], [Endpoint] and [Multiproc].
//
// New copies the struct, with its slices and maps, and checks every field before it registers
// anything. Its error names each wrong field by its full path, such as Options.Buckets.Latency.
// Functions may be called concurrently.
type Options struct {
	// Registerer and Gatherer receive and serve the metrics. By default, the Meter has its own
	// registry. If the Registerer is also a Gatherer (a *prometheus.Registry), Gatherer may be nil.
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer

	// Logger receives the Meter's rare warnings. The default is slog.Default() at the time of the
	// warning.
	Logger *slog.Logger

	// Schema names the metrics. The default is schema.Default(). Schemas of other libraries work if
	// tacho can determine the values of their labels. Methods are in upper case in all of them.
	Schema schema.Schema

	// AlsoSchemas are exported in addition to Schema, from the same observations. During a
	// migration, old and new dashboards both work.
	AlsoSchemas []schema.Schema

	// Namespace is the prefix of every HTTP metric's name, joined by an underscore.
	Namespace string

	// ConstLabels are added to every HTTP metric, including those of Meter.Counter, Gauge,
	// Histogram and Summary.
	ConstLabels map[string]string

	// Labels are added like ConstLabels, but may be computed from each request and its response.
	// In-flight gauges have the constant ones only.
	Labels []Label

	// GroupBy replaces the route: its Func returns the group of a request, and its Name is the
	// label's name in every schema. Its Max defaults to SeriesLimit. To add a label to the route
	// instead, use Labels.
	GroupBy Label

	// RouteFunc returns the route of a request if no router reports one. An empty result means
	// "unknown". It must return a template, never the raw path: its values count against
	// SeriesLimit.
	RouteFunc func(*http.Request) string

	// Methods are request methods to record in addition to PATCH and the standard ones of RFC 9110,
	// such as PROPFIND; at most 32. Every other method is OTHER.
	Methods []string

	// SeriesLimit is the maximum number of label sets of each metric; 0 means 2000. Beyond it, new
	// values of the label with the most values are recorded as "__overflow__", in at most 64
	// additional label sets.
	SeriesLimit int

	// TraceFunc returns the trace and span IDs of a request in hexadecimal, or empty strings. With
	// it, latency buckets carry exemplars; each bucket takes a new one at most once a second. Put
	// the tracer's middleware outside tacho's, so that tacho gets the tracer's context.
	TraceFunc func(context.Context) (traceID, spanID string)

	// NativeHistograms adds a native histogram to each latency histogram, with buckets that grow by
	// 2^(1/8) (schema 3). Scrapers get it in the protobuf format. It costs a third atomic addition
	// per request, and memory.
	NativeHistograms bool

	// Minimal records only requests, their duration and panics: no sizes, no requests in flight, no
	// streams (the whole life of a stream counts as latency). It makes requests faster and saves
	// series. Gin's requests are then not watched, so the metrics endpoint is excluded only at
	// Endpoint.Path.
	Minimal bool

	// OmitHTTP omits the HTTP metrics. The endpoint and metrics on routes (Meter.Counter and
	// others) remain.
	OmitHTTP bool

	// OmitRuntime omits the go_*, process_* and go_build_info metrics.
	OmitRuntime bool

	// Status defines how statuses are recorded. The default is by number.
	Status Status

	// Buckets are the upper bounds of the histograms.
	Buckets Buckets

	// Exclude selects requests that are not recorded. The default is DefaultExclude().
	Exclude Exclude

	// Endpoint is where and how the metrics are served, and to whom.
	Endpoint Endpoint

	// Multiproc combines the metrics of several processes of one service. The environment variable
	// PROMETHEUS_MULTIPROC_DIR also enables it.
	Multiproc Multiproc

	wrapped wrapping // of names and labels, by a registry around the families
}

// Status defines how statuses are recorded.
type Status struct {
	// Class records the class of the status, 2xx, instead of the status.
	Class bool

	// Text writes the status label as its text ("OK", "Not Found") instead of
	// its number. Codes without a standard text keep the number.
	Text bool

	// Initial are the statuses, from 200 to 599, that start at zero for every route that the router
	// can list, so that rate() and increase() include the first error. The default is 200, 400 and
	// 500; an empty, non-nil slice means none.
	Initial []int
}

// Buckets are the upper bounds of the histograms. Bounds are positive and ascending; +Inf is added.
// A histogram has at most 200. Nil means the default; an empty, non-nil slice is an error.
type Buckets struct {
	// Latency has the bounds of the latency histogram, in seconds. The default is the schema's
	// bounds, or DefaultBuckets() if it has none.
	Latency []float64

	// ByRoute replaces Latency for single routes, in seconds. Its keys are route templates as in
	// the label. Aggregating routes with different buckets gives quantiles only at their common
	// bounds.
	ByRoute map[string][]float64

	// Size has the bounds of the body size histograms, in bytes. The default ranges from 256 B to
	// 16 MiB in factors of four.
	Size []float64

	// Stream has the bounds of http_stream_duration_seconds, in seconds. The default ranges from 1
	// s to 4 h.
	Stream []float64
}

// Exclude selects requests that are not recorded: those that match any of its fields. The metrics
// endpoint itself is never recorded. Excluding never changes a response.
//
// Metrics on an excluded route are not recorded either, unless they set CountExcluded or only
// DefaultExclude() excludes the route.
type Exclude struct {
	// Paths are paths, route templates, and globs, in which * matches any part of one segment and
	// ** any number of segments. They replace DefaultExclude(); an empty, non-nil slice excludes
	// nothing.
	Paths []string

	// Patterns are regular expressions that are matched at the start of the path, like
	// prometheus-flask-exporter's excluded_paths: /exc excludes /excluded, /exc$ does not.
	Patterns []string

	// Func reports whether a request is excluded. It is called at the start of each request,
	// concurrently, and must be fast. If it panics, the request is recorded.
	Func func(method, path string) bool

	byDefault bool // Paths is the default
}

// Endpoint is where and how the metrics are served, and to whom.
type Endpoint struct {
	// Path is the path at which adapters mount the metrics endpoint. Requests to it are never
	// recorded. It begins with a slash. The default is "/metrics".
	Path string

	// Access restricts who may read the metrics. By default, everyone may.
	Access Access

	// Timeout limits how long a scrape waits for the registry's other collectors; metrics that
	// arrive later are omitted. A shorter timeout from the scraper, as Prometheus sends it, takes
	// precedence. A client that has not read the response after twice this time is disconnected, on
	// any server. The default is 10 s.
	Timeout time.Duration

	// MaxScrapes is the maximum number of concurrent scrapes; further ones get a 503. The default
	// is 8.
	MaxScrapes int

	// PythonFormat writes the text format exactly as Python's client does, so that series keep
	// their identity when a service moves from Python: numbers such as le="1.0" and 1e+06, le in
	// alphabetical order among the labels, and headers of HTTP metrics without series. Scrapes then
	// cost more. OpenMetrics and protobuf do not change.
	PythonFormat bool

	// CreatedSamples adds _created samples to OpenMetrics text. The protobuf format always contains
	// the creation time of a series.
	CreatedSamples bool

	// NoCompression disables compression by the endpoint. Set it only if a handler around the
	// endpoint compresses responses that are already compressed. The endpoint detects a handler
	// that sets Content-Encoding first.
	NoCompression bool
}

// DefaultBuckets returns the default upper bounds of the latency histogram in seconds: twelve,
// dense in the range of typical service level objectives.
func DefaultBuckets() []float64 {
	return []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// DefaultExclude returns the paths that are not recorded by default: health checks, and for gRPC also
// reflection.
// Options.Exclude.Paths replaces them.
func DefaultExclude() []string {
	return []string{
		"/health", "/health/live", "/health/ready", "/healthz", "/live", "/livez",
		"/ready", "/readyz", "/-/healthy", "/-/ready",
		"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List", "/grpc.health.v1.Health/Watch",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
	}
}

const (
	defaultSeriesLimit = 2000
)

func defaultSizeBuckets() []float64 {
	return []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
}

func defaultStreamBuckets() []float64 {
	return []float64{1, 5, 15, 60, 300, 900, 3600, 14400}
}

// allSchemas returns all exported schemas.
func (o *Options) allSchemas() []schema.Schema {
	return append([]schema.Schema{o.Schema}, o.AlsoSchemas...)
}

// bucketsOf returns the upper bounds of a schema's latency.
func (o *Options) bucketsOf(s schema.Schema) []float64 {
	for _, bounds := range [][]float64{o.Buckets.Latency, s.Buckets} {
		if bounds != nil {
			return bounds
		}
	}
	return DefaultBuckets()
}

// allBuckets returns the bounds in which latencies are counted: those of every schema, so that each
// schema's buckets are sums of them.
func (o *Options) allBuckets() []float64 {
	var all []float64
	for _, s := range o.allSchemas() {
		all = append(all, o.bucketsOf(s)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// dynamicLabels returns the computed ones of Labels.
func (o *Options) dynamicLabels() []Label {
	return slices.DeleteFunc(slices.Clone(o.Labels), func(l Label) bool { return l.Func == nil })
}

// constLabels returns all constant labels.
func (o *Options) constLabels() map[string]string {
	all := map[string]string{}
	for _, l := range o.Labels {
		if l.Func == nil {
			all[l.Name] = labelvalue.Clean(l.Value)
		}
	}
	for name, value := range o.ConstLabels {
		all[name] = labelvalue.Clean(value)
	}
	return all
}

// tellsScheme reports whether a schema has separate series for http and https.
func (o *Options) tellsScheme() bool { return o.anyLabel(schema.Scheme, schema.Schema.Families) }

// sizesApart reports whether a schema has separate body sizes for each status.
func (o *Options) sizesApart() bool {
	sizes := func(s schema.Schema) []schema.Family { return []schema.Family{s.RequestSize, s.ResponseSize} }
	return o.anyLabel(schema.Status, sizes) || o.anyLabel(schema.StatusClass, sizes) || o.anyLabel(schema.ErrorType, sizes)
}

// anyLabel reports whether a label of these families has this value.
func (o *Options) anyLabel(v schema.Value, of func(schema.Schema) []schema.Family) bool {
	return slices.ContainsFunc(o.allSchemas(), func(s schema.Schema) bool {
		return slices.ContainsFunc(of(s), func(f schema.Family) bool {
			_, ok := f.Label(v)
			return ok
		})
	})
}

// named returns a family's exported name.
func (o *Options) named(name string) string {
	if o.Namespace == "" {
		return name
	}
	return o.Namespace + "_" + name
}

// storeConfig returns the configuration of the store.
func (o *Options) storeConfig() store.Config {
	c := store.Config{
		Methods: o.Methods, Limit: o.SeriesLimit, InitialStatuses: o.Status.Initial,
		GroupStatus: o.Status.Class, StatusText: o.Status.Text, Schemes: o.tellsScheme(), SizesByStatus: o.sizesApart(), Flights: o.flightsApart(),
		Native: o.NativeHistograms, Exemplars: o.TraceFunc != nil,
		Buckets: o.allBuckets(), RouteBuckets: o.Buckets.ByRoute, SizeBuckets: o.Buckets.Size, Streams: o.Buckets.Stream,
		Exclude: o.Exclude.Paths, ExcludePatterns: o.Exclude.Patterns, MetricsPath: o.Endpoint.Path,
		Reasons: guard.ReasonNames[:], Functions: optionFuncNames[:],
		Metric: o.Schema.Main().Name, RouteLabel: labelOf(o.Schema, schema.Route), StatusLabel: labelOf(o.Schema, schema.Status), Logger: o.Logger,
	}
	for _, l := range o.dynamicLabels() {
		c.Extras = append(c.Extras, l.limit())
	}
	if o.GroupBy.Func != nil {
		group := o.GroupBy.limit()
		group.Most = cmp.Or(group.Most, o.SeriesLimit)
		c.Group = &group
	}
	return c
}

// flightsApart reports whether a schema has labels on requests in flight.
func (o *Options) flightsApart() bool {
	return !o.OmitHTTP && !o.Minimal && slices.ContainsFunc(o.allSchemas(), func(s schema.Schema) bool {
		return s.InFlight.Name != "" && (o.anyLabel(schema.Method, inFlightOf) || o.anyLabel(schema.Scheme, inFlightOf))
	})
}

func inFlightOf(s schema.Schema) []schema.Family { return []schema.Family{s.InFlight} }

// labelOf returns the name of a value's label in a schema, or its usual name.
func labelOf(s schema.Schema, v schema.Value) string {
	for _, f := range []schema.Family{s.Requests, s.Duration} {
		if l, ok := f.Label(v); ok {
			return l.Name
		}
	}
	return map[schema.Value]string{schema.Route: "path", schema.Status: "status"}[v]
}

// familiesConfig returns the configuration of the exported families.
func (o *Options) familiesConfig() scan.Config {
	c := scan.Config{
		Schemas: o.allSchemas(), Counted: o.allBuckets(), Namespace: o.Namespace, Prefix: o.wrapped.Prefix,
		RequestLabels: o.wrapped.labels(o.constLabels()), SelfLabels: o.wrapped.labels(o.ConstLabels), Unnamed: []string{Unmatched, Unknown},
		Schemes: o.tellsScheme(), SizesByStatus: o.sizesApart(), Minimal: o.Minimal, OmitHTTP: o.OmitHTTP,
	}
	for _, s := range c.Schemas {
		c.Buckets = append(c.Buckets, o.bucketsOf(s))
	}
	for _, l := range o.dynamicLabels() {
		c.Extras = append(c.Extras, l.Name)
	}
	if o.GroupBy.Func != nil {
		c.GroupBy = o.GroupBy.Name
	}
	return c
}

// An optionFunc is one of the functions in Options.
type optionFunc int

const (
	excludeFunc optionFunc = iota
	groupBy
	labelFunc
	routeFunc
	traceFunc
	optionFuncs // the number of functions
)

var optionFuncNames = [optionFuncs]string{"Exclude.Func", "GroupBy", "Labels", "RouteFunc", "TraceFunc"}
