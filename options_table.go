package tacho

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/deepcopy"
	"github.com/tacho-go/tacho/multiproc"
	"github.com/tacho-go/tacho/schema"
)

// An option is all that tacho does with one field of Options. Every column must
// be filled: a field that is forgotten somewhere fails a test.
type option struct {
	path    string                                // from Options, such as "Multiproc.Dir"
	unset   func(*Options) any                    // what the zero value stands for; nil is the zero value itself
	check   func(*Options, complaint)             // of a value whose default is filled in
	compare func(o *Options, f reflect.Value) any // what Meters on one registry must have in common
	shared  sharedKey                             // how other processes learn of it
}

// optionTable has a row for each field of Options, in the order of the fields.
// A field that is a group of fields has a row for each of these instead.
var optionTable = []option{
	{"Registerer", zero, checkRegisterer, mayDiffer, private},
	{"Gatherer", gathererOf, checkGatherer, mayDiffer, private},
	{"Logger", zero, anyValue, mayDiffer, private},
	{"Schema", from(schema.Default), checkSchema, mustEqual, sharedSchemas},
	{"AlsoSchemas", zero, checkAlsoSchemas, mustEqual, with("schemas")},
	{"Namespace", zero, checkNamespace, mayDiffer, as("namespace")},
	{"ConstLabels", zero, checkConstLabels, mayDiffer, sharedConstLabels},
	{"Labels", zero, checkLabels, labelShapes, sharedLabels},
	{"GroupBy", zero, checkGroup, groupShape, sharedGroup},
	{"RouteFunc", zero, anyValue, mayDiffer, private},
	{"Methods", zero, checkMethods, mustEqual, as("methods")},
	{"SeriesLimit", value(defaultSeriesLimit), checkSeriesLimit, mustEqual, as("series_limit")},
	{"TraceFunc", zero, anyValue, mayDiffer, private},
	{"NativeHistograms", zero, anyValue, mustEqual, as("native_histograms")},
	{"Minimal", zero, anyValue, mustEqual, as("minimal")},
	{"OmitHTTP", zero, anyValue, mustEqual, as("omit_http")},
	{"OmitRuntime", zero, anyValue, mayDiffer, private},
	{"Status.Class", zero, anyValue, mustEqual, as("group_status")},
	{"Status.Text", zero, anyValue, mustEqual, as("status_text")},
	{"Status.Initial", value([]int{200, 400, 500}), checkInitialStatuses, mustEqual, private},
	{"Buckets.Latency", zero, checkLatencyBuckets, mustEqual, as("buckets")},
	{"Buckets.ByRoute", zero, checkRouteBuckets, mustEqual, as("route_buckets")},
	{"Buckets.Size", from(defaultSizeBuckets), checkSizeBuckets, mustEqual, as("size_buckets")},
	{"Buckets.Stream", from(defaultStreamBuckets), checkStreamBuckets, mustEqual, as("stream_buckets")},
	{"Exclude.Paths", excludeByDefault, checkPaths, mustEqual, private},
	{"Exclude.Patterns", zero, checkPatterns, mustEqual, private},
	{"Exclude.Func", zero, anyValue, mayDiffer, private},
	{"Exclude.byDefault", zero, anyValue, mayDiffer, private},
	{"Endpoint.Path", value("/metrics"), checkPath, mustEqual, private},
	{"Endpoint.Access.Allow", zero, checkAllow, mayDiffer, private},
	{"Endpoint.Access.Users", zero, checkUsers, mayDiffer, private},
	{"Endpoint.Access.BearerTokens", zero, checkBearerTokens, mayDiffer, private},
	{"Endpoint.Access.Middleware", zero, anyValue, mayDiffer, private},
	{"Endpoint.Access.Public", zero, checkPublic, mayDiffer, private},
	{"Endpoint.Timeout", value(10 * time.Second), checkTimeout, mayDiffer, private},
	{"Endpoint.MaxScrapes", value(8), checkMaxScrapes, mayDiffer, private},
	{"Endpoint.PythonFormat", zero, anyValue, mayDiffer, private},
	{"Endpoint.CreatedSamples", zero, anyValue, mayDiffer, private},
	{"Endpoint.NoCompression", zero, anyValue, mayDiffer, private},
	{"Multiproc.Dir", multiprocDir, checkMultiprocDir, usedMultiprocDir, private},
	{"Multiproc.Service", from(mainModule), checkService, mustEqual, private},
	{"Multiproc.Off", zero, anyValue, mustEqual, private},
	{"Multiproc.GaugeModes", zero, checkGaugeModes, mustEqual, private},
	{"Multiproc.NoCompaction", zero, anyValue, mustEqual, private},
	{"Multiproc.inherited", zero, anyValue, mayDiffer, private},
	{"wrapped", zero, anyValue, mayDiffer, sharedWrapping},
}

// field is the row's field in o.
func (row option) field(o *Options) reflect.Value {
	v := reflect.ValueOf(o).Elem()
	for name := range strings.SplitSeq(row.path, ".") {
		v = v.FieldByName(name)
	}
	return v
}

// withDefaults returns a copy that shares no memory with o and has every unset
// field filled in.
func (o Options) withDefaults() Options {
	for _, row := range optionTable {
		field := row.field(&o)
		if !field.IsZero() {
			continue
		}
		if v := row.unset(&o); v != nil {
			field.Set(reflect.ValueOf(v))
		}
	}
	return deepcopy.Of(o)
}

// check reports every wrong field of an Options whose defaults are filled in.
func (o Options) check() error {
	var errs []error
	for _, row := range optionTable {
		row.check(&o, func(part, format string, args ...any) {
			errs = append(errs, fmt.Errorf("tacho: Options.%s%s: %s", row.path, part, fmt.Sprintf(format, args...)))
		})
	}
	return errors.Join(errs...)
}

// difference names the first field in which options that shape shared metrics
// differ.
func difference(a, b Options) string {
	for _, row := range optionTable {
		if !reflect.DeepEqual(row.compare(&a, row.field(&a)), row.compare(&b, row.field(&b))) {
			return row.path
		}
	}
	return ""
}

// check reports every wrong field, as the table of options has it.
func (a Access) check(wrong complaint) {
	const above = "Endpoint.Access."
	for _, row := range optionTable {
		if field, ok := strings.CutPrefix(row.path, above); ok {
			row.check(&Options{Endpoint: Endpoint{Access: a}}, wrong.of("."+field))
		}
	}
}

// What the zero value of a field stands for.

func zero(*Options) any { return nil }

func value(v any) func(*Options) any { return func(*Options) any { return v } }

func from[T any](f func() T) func(*Options) any { return func(*Options) any { return f() } }

// gathererOf is the Registerer, if it can gather.
func gathererOf(o *Options) any {
	g, _ := o.Registerer.(prometheus.Gatherer)
	return g
}

func excludeByDefault(o *Options) any {
	o.Exclude.byDefault = true
	return DefaultExclude()
}

// multiprocDir is the directory that the environment names.
func multiprocDir(o *Options) any {
	if o.Multiproc.Off {
		return nil
	}
	dir := multiproc.DirFromEnv()
	if o.Multiproc.inherited = dir != ""; !o.Multiproc.inherited {
		dir = preforkDir()
	}
	return dir
}

// What Meters on one registry must have in common.

func mayDiffer(*Options, reflect.Value) any { return nil }

func mustEqual(_ *Options, field reflect.Value) any { return field.Interface() }

// Functions cannot be compared.

func labelShapes(o *Options, _ reflect.Value) any { return shapes(o.Labels) }
func groupShape(o *Options, _ reflect.Value) any  { return o.GroupBy.shape() }

func usedMultiprocDir(o *Options, _ reflect.Value) any { return o.Multiproc.dir() }
