package tacho

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/schema"
)

// Options configure a [Meter]. The zero value is right for most services.
//
// New copies the struct and checks every field before it registers anything;
// the error names each wrong field.
type Options struct {
	// Registerer and Gatherer receive and serve the metrics. By default the
	// Meter has a registry of its own. A Registerer that can also gather (a
	// *prometheus.Registry) may stand alone; any other needs Gatherer too.
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer

	// OmitRuntime leaves out the go_*, process_* and go_build_info metrics.
	OmitRuntime bool

	// Schema names the metrics. The default is schema.Default().
	Schema schema.Schema

	// Namespace is put before every HTTP metric's name, with an underscore.
	Namespace string

	// ConstLabels are added to every HTTP metric.
	ConstLabels map[string]string

	// Buckets are the upper bounds of http_request_duration_seconds, in
	// seconds, ascending; +Inf is added. The default is DefaultBuckets().
	Buckets []float64

	// RouteBuckets replaces Buckets for single routes, named by their template
	// as the label shows it. Aggregating routes with different buckets gives
	// quantiles only at the bounds that they share.
	RouteBuckets map[string][]float64

	// NativeHistograms adds a native histogram to each latency histogram, with
	// buckets that grow by 2^(1/8) (schema 3). Scrapers get it by the protobuf
	// format. It costs a third atomic addition a request, and memory.
	NativeHistograms bool

	// TraceFunc returns the ids of the trace that a request belongs to, as hex
	// text, or nothing. With it, latency buckets carry exemplars: each takes a
	// new one at most once a second. The tracer's middleware must stand outside
	// of tacho's, so that its context is the one that tacho sees.
	TraceFunc func(context.Context) (traceID, spanID string)

	// Minimal records requests, their duration and panics, and nothing else:
	// no sizes, no requests in flight, no streams (their whole life counts as
	// latency). It saves time on the request path and series. Gin's requests are
	// then not watched, so that the endpoint is left out at MetricsPath only.
	Minimal bool

	// SizeBuckets are the upper bounds of the body size histograms, in bytes,
	// ascending. The default runs from 256 B to 16 MiB in steps of four.
	SizeBuckets []float64

	// StreamBuckets are the upper bounds of http_stream_duration_seconds, in
	// seconds, ascending. The default runs from 1 s to 4 h.
	StreamBuckets []float64

	// StatusText writes the status label as its text ("OK", "Not Found")
	// instead of its number. Codes without a standard text keep the number.
	StatusText bool

	// Methods are request methods to know besides the standard ones of RFC
	// 9110 and PATCH, such as PROPFIND. Every other method is OTHER.
	Methods []string

	// RouteFunc names the route of a request for which no router is in sight.
	// An empty result stands for "unknown". It must return a template, never
	// the raw path: its values count against SeriesLimit.
	RouteFunc func(*http.Request) string

	// SeriesLimit is how many label sets each metric may have; 0 stands for
	// 2000. Past it, new values of the label that has most of them are
	// recorded as "__overflow__"; at most 64 such sets come on top.
	SeriesLimit int

	// InitialStatuses are the statuses for which every route that the router
	// can list is counted from zero, so that the first error is visible to
	// rate() and increase(). The default is 200, 400 and 500; an empty,
	// non-nil slice means none.
	InitialStatuses []int

	// Exclude lists requests that are not recorded: each entry is a path, a
	// route template, or a glob in which * stands for any part of one segment
	// and ** for any number of segments. It replaces DefaultExclude(); an
	// empty, non-nil slice excludes nothing. The metrics endpoint itself is
	// never recorded. Excluding never changes a response.
	Exclude []string

	// ExcludeFunc excludes further requests. It is called at the start of
	// each request, concurrently, and must be fast.
	ExcludeFunc func(method, path string) bool

	// MetricsPath is where adapters mount the metrics endpoint and which path
	// is never recorded. The default is "/metrics".
	MetricsPath string

	// ScrapeTimeout bounds the time that the metrics endpoint waits for the
	// registry's other collectors; what has not come by then is left out.
	// A scraper's own, shorter time-out (which Prometheus sends along) is kept
	// to. The default is 10 s.
	ScrapeTimeout time.Duration

	// MaxScrapes is how many scrapes are served at the same time; one more is
	// answered 503. The default is 8.
	MaxScrapes int

	// CreatedSamples adds the _created samples to OpenMetrics text. The
	// protobuf format always says when a series was created.
	CreatedSamples bool

	// Logger receives the Meter's rare warnings. The default is
	// slog.Default() at the time of the warning.
	Logger *slog.Logger
}

// DefaultBuckets returns the default upper bounds of the latency histogram in
// seconds: twelve, dense where service level objectives usually lie.
func DefaultBuckets() []float64 {
	return []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// DefaultExclude returns the health check paths that are not recorded unless
// Options.Exclude says otherwise.
func DefaultExclude() []string {
	return []string{
		"/health", "/health/live", "/health/ready", "/healthz", "/live", "/livez",
		"/ready", "/readyz", "/-/healthy", "/-/ready",
	}
}

const (
	defaultSeriesLimit = 2000
	maxSeriesLimit     = 10_000_000
)

func defaultSizeBuckets() []float64 {
	return []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}
}

func defaultStreamBuckets() []float64 {
	return []float64{1, 5, 15, 60, 300, 900, 3600, 14400}
}

// withDefaults returns a copy that shares no memory with o and has every
// unset field filled in.
func (o Options) withDefaults() Options {
	o.ConstLabels = maps.Clone(o.ConstLabels)
	o.Buckets = cloneOr(o.Buckets, DefaultBuckets)
	o.SizeBuckets = cloneOr(o.SizeBuckets, defaultSizeBuckets)
	o.StreamBuckets = cloneOr(o.StreamBuckets, defaultStreamBuckets)
	o.Exclude = cloneOr(o.Exclude, DefaultExclude)
	o.InitialStatuses = cloneOr(o.InitialStatuses, func() []int { return []int{200, 400, 500} })
	o.Methods = slices.Clone(o.Methods)
	o.RouteBuckets = maps.Clone(o.RouteBuckets)
	for template, bounds := range o.RouteBuckets {
		o.RouteBuckets[template] = slices.Clone(bounds)
	}
	o.ScrapeTimeout = cmp.Or(o.ScrapeTimeout, 10*time.Second)
	o.MaxScrapes = cmp.Or(o.MaxScrapes, 8)
	if o.Schema.Name == "" && len(o.Schema.Families()) == 0 {
		o.Schema = schema.Default()
	}
	if o.SeriesLimit == 0 {
		o.SeriesLimit = defaultSeriesLimit
	}
	if o.MetricsPath == "" {
		o.MetricsPath = "/metrics"
	}
	if o.Gatherer == nil {
		o.Gatherer, _ = o.Registerer.(prometheus.Gatherer)
	}
	return o
}

func cloneOr[T any](s []T, byDefault func() []T) []T {
	if s == nil {
		return byDefault()
	}
	return slices.Clone(s)
}

// check reports every wrong field of an Options whose defaults are filled in.
func (o Options) check() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tacho: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	checkRegistry(o, wrong)
	checkLabels(o, wrong)
	checkBounds("Buckets", o.Buckets, wrong)
	checkBounds("SizeBuckets", o.SizeBuckets, wrong)
	checkBounds("StreamBuckets", o.StreamBuckets, wrong)
	for _, template := range slices.Sorted(maps.Keys(o.RouteBuckets)) {
		checkBounds(fmt.Sprintf("RouteBuckets[%q]", template), o.RouteBuckets[template], wrong)
	}
	checkMethods(o, wrong)
	if o.ScrapeTimeout < 0 {
		wrong("ScrapeTimeout", "%v is negative", o.ScrapeTimeout)
	}
	if o.MaxScrapes < 0 {
		wrong("MaxScrapes", "%d is negative", o.MaxScrapes)
	}
	if o.SeriesLimit < 0 || o.SeriesLimit > maxSeriesLimit {
		wrong("SeriesLimit", "%d is not a number of label sets from 1 to %d (0 stands for %d)", o.SeriesLimit, maxSeriesLimit, defaultSeriesLimit)
	}
	for _, s := range o.InitialStatuses {
		if s < 200 || s > 599 {
			wrong("InitialStatuses", "%d is not a final HTTP status from 200 to 599", s)
		}
	}
	for _, e := range o.Exclude {
		if err := checkExclusion(e); err != nil {
			wrong("Exclude", "%q: %v", e, err)
		}
	}
	if !strings.HasPrefix(o.MetricsPath, "/") {
		wrong("MetricsPath", "%q does not begin with /", o.MetricsPath)
	}
	return errors.Join(errs...)
}

type complaint func(field, format string, args ...any)

func checkRegistry(o Options, wrong complaint) {
	switch {
	case o.Registerer == nil && o.Gatherer != nil:
		wrong("Registerer", "is missing, though Options.Gatherer is set; set both or neither")
	case o.Registerer != nil && o.Gatherer == nil:
		wrong("Gatherer", "is missing, and the Registerer (%T) cannot gather; set the registry that it writes to", o.Registerer)
	}
}

// Prometheus's classic names. UTF-8 names would be legal since Prometheus 3,
// but every query on them must then be quoted.
var (
	namespaceRE = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelNameRE = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

func checkLabels(o Options, wrong complaint) {
	if o.Namespace != "" && !namespaceRE.MatchString(o.Namespace) {
		wrong("Namespace", "%q is not a valid metric name prefix (letters, digits and underscores, not beginning with a digit)", o.Namespace)
	}
	taken := map[string]bool{"le": true, "quantile": true}
	for _, f := range o.Schema.Families() {
		for _, l := range f.LabelNames() {
			taken[l] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.ConstLabels)) {
		switch {
		case !labelNameRE.MatchString(name) || strings.HasPrefix(name, "__"):
			wrong("ConstLabels", "%q is not a valid label name", name)
		case taken[name]:
			wrong("ConstLabels", "%q is already a label of the HTTP metrics", name)
		}
	}
	checkSchema(o.Schema, wrong)
}

// checkSchema refuses what this library cannot record. Package schema also
// names the metrics of other libraries, for those who read them.
func checkSchema(s schema.Schema, wrong complaint) {
	if s.Requests.Name == "" || s.Duration.Name == "" {
		wrong("Schema", "%q names no requests or no duration family; start from schema.Default()", s.Name)
		return
	}
	own := schema.Default()
	for _, f := range []struct{ given, own schema.Family }{
		{s.Requests, own.Requests}, {s.Duration, own.Duration}, {s.InFlight, own.InFlight},
		{s.RequestSize, own.RequestSize}, {s.ResponseSize, own.ResponseSize}, {s.Panics, own.Panics},
		{s.StreamDuration, own.StreamDuration}, {s.StreamsInFlight, own.StreamsInFlight},
	} {
		if f.given.Name == "" {
			continue
		}
		if !sameValues(f.given, f.own) || f.given.Kind != f.own.Kind {
			wrong("Schema", "%s of %q cannot be recorded with its labels or its type; it must be a %s with the labels that %s has in schema.Default(), whatever their names", f.given.Name, s.Name, f.own.Kind, f.own.Name)
		}
	}
}

// sameValues is true if the labels of both carry the same, in any order.
func sameValues(a, b schema.Family) bool {
	values := func(f schema.Family) []schema.Value {
		all := make([]schema.Value, len(f.Labels))
		for i, l := range f.Labels {
			all[i] = l.Value
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(values(a), values(b))
}

func checkBounds(field string, bounds []float64, wrong complaint) {
	if len(bounds) == 0 {
		wrong(field, "is empty; leave it nil for the default")
		return
	}
	for i, b := range bounds {
		switch {
		case math.IsNaN(b) || math.IsInf(b, 0) || b <= 0:
			wrong(field, "bound %v is not a positive number (+Inf is added for you)", b)
		case i > 0 && b <= bounds[i-1]:
			wrong(field, "bound %v does not exceed the one before it, %v", b, bounds[i-1])
		}
	}
	if len(bounds) > maxBuckets {
		wrong(field, "has %d bounds; at most %d are supported", len(bounds), maxBuckets)
	}
}

// RFC 9110, section 5.6.2: a method is a token.
var tokenRE = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")

const maxExtraMethods = 32

func checkMethods(o Options, wrong complaint) {
	for _, m := range o.Methods {
		if !tokenRE.MatchString(m) {
			wrong("Methods", "%q is not an HTTP method", m)
		}
	}
	if len(o.Methods) > maxExtraMethods {
		wrong("Methods", "has %d methods; at most %d can be added", len(o.Methods), maxExtraMethods)
	}
}

func checkExclusion(e string) error {
	if !strings.HasPrefix(e, "/") && !strings.HasPrefix(e, "*") {
		return errors.New("a path, template or glob begins with / or *")
	}
	if _, err := path.Match(e, ""); err != nil {
		return fmt.Errorf("%w: close the bracket, or escape it with a backslash", err)
	}
	return nil
}
