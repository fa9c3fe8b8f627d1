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

// Options configure a [Meter]. The zero value is right for most services. Fields
// that few services need are grouped by job: [Status], [Buckets], [Exclude],
// [Endpoint] and [Multiproc].
//
// New copies the struct, with its slices and maps, and checks every field before
// it registers anything. Its error names each wrong field by its full path, such
// as Options.Buckets.Latency. Functions may be called by several goroutines at
// once.
type Options struct {
	// Registerer and Gatherer receive and serve the metrics. By default the
	// Meter has a registry of its own. A Registerer that can also gather (a
	// *prometheus.Registry) may stand alone; any other needs Gatherer too.
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer

	// Logger receives the Meter's rare warnings. The default is
	// slog.Default() at the time of the warning.
	Logger *slog.Logger

	// Schema names the metrics. The default is schema.Default(). The schemas of
	// other libraries can be recorded as well, if their labels are made of what
	// is known of a request; methods are in upper case in all of them.
	Schema schema.Schema

	// AlsoSchemas are exported besides Schema, from the same observations: for
	// the time of a migration, so that old dashboards and new ones both work.
	AlsoSchemas []schema.Schema

	// Namespace is put before every HTTP metric's name, with an underscore.
	Namespace string

	// ConstLabels are added to every HTTP metric, those of Meter.Counter and
	// its siblings included.
	ConstLabels map[string]string

	// Labels are added like ConstLabels, but may be computed from each request
	// and its response. Gauges of what is in flight have the constant ones only.
	Labels []Label

	// GroupBy takes the place of the route: its Func names the group of a
	// request, its Name is the label's name in every schema. Its Max is
	// SeriesLimit, unless it says otherwise. For a label besides the route see
	// Labels.
	GroupBy Label

	// RouteFunc names the route of a request for which no router is in sight.
	// An empty result stands for "unknown". It must return a template, never
	// the raw path: its values count against SeriesLimit.
	RouteFunc func(*http.Request) string

	// Methods are request methods to know besides the standard ones of RFC
	// 9110 and PATCH, such as PROPFIND; at most 32. Every other method is OTHER.
	Methods []string

	// SeriesLimit is how many label sets each metric may have; 0 stands for
	// 2000. Past it, new values of the label that has most of them are
	// recorded as "__overflow__"; at most 64 such sets come on top.
	SeriesLimit int

	// TraceFunc returns the ids of the trace that a request belongs to, as hex
	// text, or nothing. With it, latency buckets carry exemplars: each takes a
	// new one at most once a second. The tracer's middleware must stand outside
	// of tacho's, so that its context is the one that tacho sees.
	TraceFunc func(context.Context) (traceID, spanID string)

	// NativeHistograms adds a native histogram to each latency histogram, with
	// buckets that grow by 2^(1/8) (schema 3). Scrapers get it by the protobuf
	// format. It costs a third atomic addition a request, and memory.
	NativeHistograms bool

	// Minimal records requests, their duration and panics, and nothing else:
	// no sizes, no requests in flight, no streams (their whole life counts as
	// latency). It saves time on the request path and series. Gin's requests are
	// then not watched, so that the endpoint is left out at Endpoint.Path only.
	Minimal bool

	// OmitHTTP leaves out the HTTP metrics. The endpoint and what
	// Meter.Counter and its siblings are put on stay.
	OmitHTTP bool

	// OmitRuntime leaves out the go_*, process_* and go_build_info metrics.
	OmitRuntime bool

	// Status is how statuses are recorded: by number, unless it says otherwise.
	Status Status

	// Buckets are the upper bounds of the histograms.
	Buckets Buckets

	// Exclude chooses requests that are not recorded. The default is
	// DefaultExclude().
	Exclude Exclude

	// Endpoint is where and how the metrics are served, and to whom.
	Endpoint Endpoint

	// Multiproc lets several processes of one service answer for all of them.
	// The environment variable PROMETHEUS_MULTIPROC_DIR switches it on as well.
	Multiproc Multiproc

	wrapped wrapping // where families are exported that a registry wraps
}

// Status is how statuses are recorded.
type Status struct {
	// Class records the class of the status, 2xx, instead of the status.
	Class bool

	// Text writes the status label as its text ("OK", "Not Found") instead of
	// its number. Codes without a standard text keep the number.
	Text bool

	// Initial are the statuses, from 200 to 599, for which every route that the
	// router can list is counted from zero, so that the first error is visible
	// to rate() and increase(). The default is 200, 400 and 500; an empty,
	// non-nil slice means none.
	Initial []int
}

// Buckets are the upper bounds of the histograms. Bounds are positive and ascend;
// +Inf is added. A histogram has at most 200. Nil stands for the default, and an
// empty, non-nil slice is an error.
type Buckets struct {
	// Latency has the bounds of the latency histogram, in seconds. The default
	// is the schema's, and DefaultBuckets() if it has none.
	Latency []float64

	// ByRoute replaces Latency for single routes, in seconds, by the route's
	// template as the label shows it. Aggregating routes with different buckets
	// gives quantiles only at the bounds that they share.
	ByRoute map[string][]float64

	// Size has the bounds of the body size histograms, in bytes. The default
	// runs from 256 B to 16 MiB in steps of four.
	Size []float64

	// Stream has the bounds of http_stream_duration_seconds, in seconds. The
	// default runs from 1 s to 4 h.
	Stream []float64
}

// Exclude chooses requests that are not recorded: those that any of its fields
// matches. The metrics endpoint itself is never recorded. Excluding never changes
// a response.
//
// Metrics that are put on a route are left out with it, unless they say
// CountExcluded or the route is one of DefaultExclude() only.
type Exclude struct {
	// Paths are paths, route templates, and globs in which * stands for any part
	// of one segment and ** for any number of segments. They replace
	// DefaultExclude(); an empty, non-nil slice excludes nothing.
	Paths []string

	// Patterns are regular expressions that are matched at the start of the
	// path, as prometheus-flask-exporter's excluded_paths are: /exc excludes
	// /excluded, /exc$ does not.
	Patterns []string

	// Func reports whether a request is excluded. It is called at the start of
	// each request, concurrently, and must be fast. When it panics, the request
	// is recorded.
	Func func(method, path string) bool

	byDefault bool // Paths is not the user's
}

// Endpoint is where and how the metrics are served, and to whom.
type Endpoint struct {
	// Path is where adapters mount the metrics endpoint, and is never recorded.
	// It begins with a slash. The default is "/metrics".
	Path string

	// Access says who may read the metrics. By default everybody may.
	Access Access

	// Timeout bounds the time that a scrape waits for the registry's other
	// collectors; what has not come by then is left out. A shorter timeout that
	// the scraper sends, as Prometheus does, takes precedence. A client that has
	// not taken the answer after twice this time is cut off, on any server. The
	// default is 10 s.
	Timeout time.Duration

	// MaxScrapes is how many scrapes are served at the same time; one more is
	// answered 503. The default is 8.
	MaxScrapes int

	// PythonFormat writes the text format just as Python's client does, for
	// series that keep their identity when a service moves from Python: le="1.0"
	// and 1e+06 for numbers, le among the other labels, and the header of HTTP
	// metrics that have no series yet. Scrapes then cost more. OpenMetrics and
	// protobuf are as always.
	PythonFormat bool

	// CreatedSamples adds the _created samples to OpenMetrics text. The
	// protobuf format always says when a series was created.
	CreatedSamples bool

	// NoCompression leaves it to a handler outside of the endpoint to compress
	// what it sends. It is needed only for one that compresses what is
	// compressed already; one that sets Content-Encoding before the endpoint is
	// reached, is noticed.
	NoCompression bool
}

// DefaultBuckets returns the default upper bounds of the latency histogram in
// seconds: twelve, dense where service level objectives usually lie.
func DefaultBuckets() []float64 {
	return []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// DefaultExclude returns the health check paths that are not recorded unless
// Options.Exclude.Paths says otherwise.
func DefaultExclude() []string {
	return []string{
		"/health", "/health/live", "/health/ready", "/healthz", "/live", "/livez",
		"/ready", "/readyz", "/-/healthy", "/-/ready",
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

// allSchemas are all that are exported.
func (o *Options) allSchemas() []schema.Schema {
	return append([]schema.Schema{o.Schema}, o.AlsoSchemas...)
}

// bucketsOf are the upper bounds of a schema's latency.
func (o *Options) bucketsOf(s schema.Schema) []float64 {
	for _, bounds := range [][]float64{o.Buckets.Latency, s.Buckets} {
		if bounds != nil {
			return bounds
		}
	}
	return DefaultBuckets()
}

// allBuckets are the bounds in which latencies are counted: those of every
// schema, so that each can be added up from them.
func (o *Options) allBuckets() []float64 {
	var all []float64
	for _, s := range o.allSchemas() {
		all = append(all, o.bucketsOf(s)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// dynamicLabels are those of Labels that are computed.
func (o *Options) dynamicLabels() []Label {
	return slices.DeleteFunc(slices.Clone(o.Labels), func(l Label) bool { return l.Func == nil })
}

// constLabels are all labels that are constant.
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

// tellsScheme reports whether a schema tells http from https.
func (o *Options) tellsScheme() bool { return o.anyLabel(schema.Scheme, schema.Schema.Families) }

// sizesApart reports whether a schema tells body sizes apart by status.
func (o *Options) sizesApart() bool {
	sizes := func(s schema.Schema) []schema.Family { return []schema.Family{s.RequestSize, s.ResponseSize} }
	return o.anyLabel(schema.Status, sizes) || o.anyLabel(schema.StatusClass, sizes) || o.anyLabel(schema.ErrorType, sizes)
}

// anyLabel reports whether one of these families carries a value.
func (o *Options) anyLabel(v schema.Value, of func(schema.Schema) []schema.Family) bool {
	return slices.ContainsFunc(o.allSchemas(), func(s schema.Schema) bool {
		return slices.ContainsFunc(of(s), func(f schema.Family) bool {
			_, ok := f.Label(v)
			return ok
		})
	})
}

// named is a family's name as it is exported.
func (o *Options) named(name string) string {
	if o.Namespace == "" {
		return name
	}
	return o.Namespace + "_" + name
}

// storeConfig is what the options say of counting.
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

// flightsApart reports whether a schema tells requests in flight apart.
func (o *Options) flightsApart() bool {
	return !o.OmitHTTP && !o.Minimal && slices.ContainsFunc(o.allSchemas(), func(s schema.Schema) bool {
		return s.InFlight.Name != "" && (o.anyLabel(schema.Method, inFlightOf) || o.anyLabel(schema.Scheme, inFlightOf))
	})
}

func inFlightOf(s schema.Schema) []schema.Family { return []schema.Family{s.InFlight} }

// labelOf names the label for a value in a schema, or the value's usual name.
func labelOf(s schema.Schema, v schema.Value) string {
	for _, f := range []schema.Family{s.Requests, s.Duration} {
		if l, ok := f.Label(v); ok {
			return l.Name
		}
	}
	return map[schema.Value]string{schema.Route: "path", schema.Status: "status"}[v]
}

// familiesConfig is what the options say of what is exported.
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

// An optionFunc is one of the functions that users give us.
type optionFunc int

const (
	excludeFunc optionFunc = iota
	groupBy
	labelFunc
	routeFunc
	traceFunc
	optionFuncs // how many there are
)

var optionFuncNames = [optionFuncs]string{"Exclude.Func", "GroupBy", "Labels", "RouteFunc", "TraceFunc"}
