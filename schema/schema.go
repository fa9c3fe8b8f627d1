// Package schema holds the names of tacho's metrics and labels as data.
//
// A [Schema] names every measurement. The library builds its metric families from it,
// docs/metrics.md is checked against it, and dashboards and rules are generated from it: a
// metric renamed here is renamed everywhere. It follows Prometheus's conventions: base units,
// and a _total suffix for counters (https://prometheus.io/docs/practices/naming/).
//
// Any package may import schema. It depends on the standard library only.
package schema

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind is the Prometheus type of a metric family.
type Kind string

// The kinds of metric families that tacho exports.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
	// Summary is a count and a sum, without buckets. Quantiles of a whole service cannot be
	// computed from it.
	Summary Kind = "summary"
)

// A Value is the source of a label's value. Schemas use different label names for the same
// source.
type Value int

// Sources of the labels of HTTP metrics.
const (
	Method      Value = iota // the request method, or OTHER
	Route                    // the route template, or unmatched, unknown, __overflow__
	Status                   // the status that was sent, as a number
	Metric                   // the name of a metric family (self-metrics)
	Label                    // the name of a label (self-metrics)
	Reason                   // why something failed (self-metrics)
	StatusClass              // the status as 2xx, 3xx, 4xx, 5xx
	Scheme                   // http or https
	ErrorType                // the status from 500 on, otherwise empty
	Version                  // of the software that recorded the metrics
	Host                     // the called server; for a server, the Host header that the client sent
	Port                     // of the called server

	// Recorded is the number of values above. Only schemas of other libraries use those below;
	// tacho never records them.
	Recorded

	Handler   // the function that served the request
	Service   // a name that the service sets
	Exception // the type of the exception, or none
	Outcome   // the status as a word, SUCCESS or SERVER_ERROR
	CallType  // of an RPC: unary, client_stream, server_stream or bidi_stream
	Transport // grpc or http
)

// A LabelName pairs a label's name with the source of its value.
type LabelName struct {
	Name  string
	Value Value
	// Optional marks a label that a service may lack: it depends on a version or a setting, or
	// is empty on some series. tacho omits it where the value is not known.
	Optional bool
	// Aliases are other names that services use for the label. A family with any of them
	// follows the schema; tacho itself exports Name.
	Aliases []string
	// Join names the labels that form the route of an RPC, each value after a slash: the
	// service shop.Shop and the method Buy are the route /shop.Shop/Buy. nil means that the
	// value is the route.
	Join []string
}

// Names returns the label's name and its aliases.
func (l LabelName) Names() []string {
	if l.Name == "" {
		return nil
	}
	return append([]string{l.Name}, l.Aliases...)
}

// A Family describes a metric family. A family with an empty Name is not exported.
type Family struct {
	Name   string
	Help   string
	Kind   Kind
	Unit   string // "seconds", "bytes", or empty for a plain number; other libraries also have "milliseconds" and "microseconds"
	Labels []LabelName
}

// exponents are the powers of ten of the units that are not base units.
var exponents = map[string]int{"milliseconds": -3, "microseconds": -6}

// Exponent returns the power of ten by which the family's values are multiplied to be in the base
// unit: -3 for milliseconds, 0 for seconds.
func (f Family) Exponent() int { return exponents[f.Unit] }

// A Schema names every metric family that tacho records about HTTP requests.
type Schema struct {
	Name string // the schema's name in messages

	// Prefix is the common prefix of the family names, if it can be replaced; see WithPrefix.
	Prefix string

	// Buckets are the default upper bounds of the latency, in seconds. nil means the library's
	// own.
	Buckets []float64

	// RPC means that the requests are RPCs, whose statuses are codes.
	RPC bool

	// FromFirst means that a series appears with its first event instead of starting at zero.
	FromFirst bool

	Requests        Family // requests by outcome
	Duration        Family // latency; time to first byte for streams
	InFlight        Family // requests being served now
	RequestSize     Family // bytes of request bodies that were read
	ResponseSize    Family // bytes of response bodies that were written
	Panics          Family // panics in handlers
	StreamDuration  Family // lifetime of streams and hijacked connections
	StreamsInFlight Family // open streams
	Info            Family // 1, with the version of the software that recorded the metrics

	Client Client // outgoing requests
}

// Client names the metric families of outgoing HTTP requests. A family with an
// empty Name is not exported.
type Client struct {
	Requests Family // finished requests by outcome
	Duration Family // from the start of the request to the end of its response
	InFlight Family // requests in flight
}

// Families returns the exported families in a fixed order.
func (c Client) Families() []Family { return exported(&c.Requests, &c.Duration, &c.InFlight) }

// WithPrefix returns the schema with its prefix replaced: flask for Flask, none for Default.
// NoPrefix removes the prefix; an empty one changes nothing, as in prometheus-flask-exporter's
// defaults_prefix.
func (s Schema) WithPrefix(prefix string) Schema {
	if prefix == "" {
		return s
	}
	for _, f := range s.all() {
		f.Name = exchanged(f.Name, s.Prefix, prefix)
	}
	if s.Prefix = prefix; prefix == NoPrefix {
		s.Prefix = ""
	}
	return s
}

// NoPrefix is the prefix for names without one. No name can begin with it, so it cannot be
// chosen by accident.
const NoPrefix = "#no_prefix"

func exchanged(name, old, prefix string) string {
	if name == "" {
		return ""
	}
	if old != "" {
		name = strings.TrimPrefix(name, old+"_")
	}
	if prefix == NoPrefix {
		return name
	}
	return prefix + "_" + name
}

// hasLabel reports whether a label of the family has this name or alias.
func (f Family) hasLabel(name string) bool {
	return slices.ContainsFunc(f.Labels, func(l LabelName) bool { return slices.Contains(l.Names(), name) })
}

// Main returns the family that counts requests by outcome: Requests, or Duration in a schema
// without a counter.
func (s Schema) Main() Family {
	if s.Requests.Name == "" {
		return s.Duration
	}
	return s.Requests
}

// Families returns the exported families in a fixed order.
func (s Schema) Families() []Family { return exported(s.all()...) }

func exported(all ...*Family) []Family {
	var named []Family
	for _, f := range all {
		if f.Name != "" {
			named = append(named, *f)
		}
	}
	return named
}

func (s *Schema) all() []*Family {
	return []*Family{
		&s.Requests, &s.Duration, &s.InFlight, &s.RequestSize,
		&s.ResponseSize, &s.Panics, &s.StreamDuration, &s.StreamsInFlight, &s.Info,
	}
}

// Label returns the family's label with the source v.
func (f Family) Label(v Value) (l LabelName, ok bool) {
	for _, l := range f.Labels {
		if l.Value == v {
			return l, true
		}
	}
	return LabelName{}, false
}

// StatusLabel returns the label that distinguishes failed requests: the status or its class.
func (f Family) StatusLabel() (l LabelName, ok bool) {
	if l, ok := f.Label(Status); ok {
		return l, true
	}
	return f.Label(StatusClass)
}

// LabelNames returns the family's label names in the schema's order.
func (f Family) LabelNames() []string {
	names := make([]string, len(f.Labels))
	for i, l := range f.Labels {
		names[i] = l.Name
	}
	return names
}

// valueNames are the names of values in files, which must stay the same in later releases.
var valueNames = map[Value]string{
	Method: "method", Route: "route", Status: "status", Metric: "metric", Label: "label", Reason: "reason",
	StatusClass: "status_class", Scheme: "scheme", ErrorType: "error_type", Version: "version", Host: "host", Port: "port",
	Handler: "handler", Service: "service", Exception: "exception", Outcome: "outcome",
	CallType: "call_type", Transport: "transport",
}

// MarshalText implements encoding.TextMarshaler.
func (v Value) MarshalText() ([]byte, error) {
	name, ok := valueNames[v]
	if !ok {
		return nil, fmt.Errorf("schema: %d is not a Value", int(v))
	}
	return []byte(name), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Value) UnmarshalText(text []byte) error {
	for value, name := range valueNames {
		if name == string(text) {
			*v = value
			return nil
		}
	}
	return fmt.Errorf("schema: %q is not a Value", text)
}
