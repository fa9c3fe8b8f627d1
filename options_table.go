package tacho

import (
	"encoding/json"
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

// An option defines how tacho handles one field of Options. Every column is required: a missing one
// fails a test.
type option struct {
	path    string                                // from Options, such as "Multiproc.Dir"
	unset   func(*Options) any                    // the default for the zero value; nil keeps the zero value
	check   func(*Options, complaint)             // after the default is set
	compare func(o *Options, f reflect.Value) any // what must be equal in Meters on one registry
	shared  sharedKey                             // how it is written in the shared config
}

// optionTable has an entry for each field of Options, in the order of the fields. A group has an
// entry for each of its fields instead.
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

// field returns the entry's field in o.
func (entry option) field(o *Options) reflect.Value {
	v := reflect.ValueOf(o).Elem()
	for name := range strings.SplitSeq(entry.path, ".") {
		v = v.FieldByName(name)
	}
	return v
}

// withDefaults returns a copy that shares no memory with o and has all defaults set.
func (o Options) withDefaults() Options {
	for _, entry := range optionTable {
		field := entry.field(&o)
		if !field.IsZero() {
			continue
		}
		if v := entry.unset(&o); v != nil {
			field.Set(reflect.ValueOf(v))
		}
	}
	return deepcopy.Of(o)
}

// check returns an error for every invalid field of an Options with defaults.
func (o Options) check() error {
	var errs []error
	for _, entry := range optionTable {
		entry.check(&o, func(part, format string, args ...any) {
			errs = append(errs, fmt.Errorf("tacho: Options.%s%s: %s", entry.path, part, fmt.Sprintf(format, args...)))
		})
	}
	return errors.Join(errs...)
}

// difference returns the first field in which options for shared metrics differ.
func difference(a, b Options) string {
	for _, entry := range optionTable {
		if !reflect.DeepEqual(entry.compare(&a, entry.field(&a)), entry.compare(&b, entry.field(&b))) {
			return entry.path
		}
	}
	return ""
}

// check reports every invalid field, by the table of options.
func (a Access) check(wrong complaint) {
	const above = "Endpoint.Access."
	for _, entry := range optionTable {
		if field, ok := strings.CutPrefix(entry.path, above); ok {
			entry.check(&Options{Endpoint: Endpoint{Access: a}}, wrong.of("."+field))
		}
	}
}

// Defaults for the zero value of a field.

func zero(*Options) any { return nil }

func value(v any) func(*Options) any { return func(*Options) any { return v } }

func from[T any](f func() T) func(*Options) any { return func(*Options) any { return f() } }

// gathererOf returns the Registerer if it is also a Gatherer.
func gathererOf(o *Options) any {
	g, _ := o.Registerer.(prometheus.Gatherer)
	return g
}

func excludeByDefault(o *Options) any {
	o.Exclude.byDefault = true
	return DefaultExclude()
}

// multiprocDir returns the directory that the environment names.
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

// What must be equal in Meters on one registry.

func mayDiffer(*Options, reflect.Value) any { return nil }

func mustEqual(_ *Options, field reflect.Value) any { return field.Interface() }

// Functions cannot be compared.

func labelShapes(o *Options, _ reflect.Value) any { return shapes(o.Labels) }
func groupShape(o *Options, _ reflect.Value) any  { return o.GroupBy.shape() }

func usedMultiprocDir(o *Options, _ reflect.Value) any { return o.Multiproc.dir() }

// A sharedKey defines how a field of Options is written in the shared config. Archives keep that
// text, so keys must not change.
type sharedKey struct {
	key   string
	write func(o *Options, field reflect.Value) any // nil omits the key
	read  func(o *Options, field reflect.Value, text []byte) error
}

// private is a field that other programs do not need.
var private = sharedKey{key: "-"}

// as is a field that is written unchanged, unless it is zero.
func as(key string) sharedKey {
	return sharedKey{
		key: key,
		write: func(_ *Options, field reflect.Value) any {
			if field.IsZero() {
				return nil
			}
			return field.Interface()
		},
		read: func(_ *Options, field reflect.Value, text []byte) error {
			return json.Unmarshal(text, field.Addr().Interface())
		},
	}
}

// with is a field that another entry writes and reads under this key.
func with(key string) sharedKey { return sharedKey{key: key} }

var sharedSchemas = sharedKey{
	key:   "schemas",
	write: func(o *Options, _ reflect.Value) any { return o.allSchemas() },
	read: func(o *Options, _ reflect.Value, text []byte) error {
		var all []schema.Schema
		if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
			return err
		}
		o.Schema, o.AlsoSchemas = all[0], all[1:]
		return nil
	},
}

// sharedConstLabels include the constant ones of Options.Labels.
var sharedConstLabels = sharedKey{
	key: "const_labels",
	write: func(o *Options, _ reflect.Value) any {
		if all := o.constLabels(); len(all) > 0 {
			return all
		}
		return nil
	},
	read: as("").read,
}

// sharedLabels are the names of the computed ones; the cells have their values.
var sharedLabels = sharedKey{
	key: "labels",
	write: func(o *Options, _ reflect.Value) any {
		var all []string
		for _, l := range o.dynamicLabels() {
			all = append(all, l.Name)
		}
		if all == nil {
			return nil
		}
		return all
	},
	read: func(o *Options, _ reflect.Value, text []byte) error {
		var all []string
		err := json.Unmarshal(text, &all)
		for _, name := range all {
			o.Labels = append(o.Labels, Label{Name: name, Func: noValue})
		}
		return err
	},
}

var sharedGroup = sharedKey{
	key: "group_by",
	write: func(o *Options, _ reflect.Value) any {
		if o.GroupBy.Name == "" {
			return nil
		}
		return o.GroupBy.Name
	},
	read: func(o *Options, _ reflect.Value, text []byte) error {
		o.GroupBy.Func = noValue
		return json.Unmarshal(text, &o.GroupBy.Name)
	},
}

func noValue(Request) string { return "" }

var sharedWrapping = sharedKey{
	key: "wrapping",
	write: func(o *Options, _ reflect.Value) any {
		if o.wrapped.none() {
			return nil
		}
		return o.wrapped
	},
	read: func(o *Options, _ reflect.Value, text []byte) error { return json.Unmarshal(text, &o.wrapped) },
}
