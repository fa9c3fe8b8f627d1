// Package schema holds the names of tacho's metrics and labels as data.
//
// A [Schema] says what every measurement is called: the library reads it to
// build its metric families, docs/metrics.md is checked against it, and
// dashboards and rules are generated from it, so that one renamed metric is
// renamed everywhere. The vocabulary is Prometheus's: base units, a _total
// suffix for counters (https://prometheus.io/docs/practices/naming/).
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
	// Summary is a count and a sum, without buckets. Quantiles of a service
	// cannot be computed from it.
	Summary Kind = "summary"
)

// A Value says what a label's value is taken from. Schemas give the same
// values different label names.
type Value int

// What a label of an HTTP metric can carry.
const (
	Method      Value = iota // the request method, or OTHER
	Route                    // the route's template, or unmatched, unknown, __overflow__
	Status                   // the status that was really sent, as a number
	Metric                   // the name of a metric family (self-metrics)
	Label                    // the name of a label (self-metrics)
	Reason                   // why something failed (self-metrics)
	StatusClass              // the status as 2xx, 3xx, 4xx, 5xx
	Scheme                   // http or https
	ErrorType                // the status from 500 on, else nothing
	Version                  // of what made the metrics
	Host                     // the server that was called; of a server, the Host header as the client sent it
	Port                     // of the server that was called

	// Recorded is how many values there are above this line. What follows is
	// carried by the schemas of other libraries only; tacho never records it.
	Recorded

	Handler   // the function that served the request
	Service   // a name that the service gives itself
	Exception // the type of what was thrown, or none
	Outcome   // the status in words, SUCCESS or SERVER_ERROR
)

// A LabelName pairs a label's name with what its value is taken from.
type LabelName struct {
	Name  string
	Value Value
	// Optional says that a service may speak the schema without this label:
	// it depends on a version or a setting, or is empty on some series. tacho
	// leaves it out of series for which the value is not known.
	Optional bool
	// Also are other names that services give the same label. A family with
	// any of them follows the schema; tacho itself records Name.
	Also []string
}

// Names returns the label's name and the others that services give it.
func (l LabelName) Names() []string {
	if l.Name == "" {
		return nil
	}
	return append([]string{l.Name}, l.Also...)
}

// A Family describes one metric family. A family with an empty Name is not
// exported.
type Family struct {
	Name   string
	Help   string
	Kind   Kind
	Unit   string // "seconds", "bytes", or empty for a plain number
	Labels []LabelName
}

// A Schema names every metric family that tacho records about HTTP requests.
type Schema struct {
	Name string // what messages call this schema

	// Prefix is what the names of the families begin with, if that can be
	// exchanged; see WithPrefix.
	Prefix string

	// Buckets are the latency's default upper bounds, in seconds. Nil stands
	// for the library's own.
	Buckets []float64

	// FromFirst says that series appear with their first event, and not at
	// zero before it.
	FromFirst bool

	Requests        Family // requests by outcome
	Duration        Family // latency; time to first byte for streams
	InFlight        Family // requests being served now
	RequestSize     Family // bytes of request bodies, as they were read
	ResponseSize    Family // bytes of response bodies, as they were written
	Panics          Family // panics that passed through tacho
	StreamDuration  Family // lifetime of streams and hijacked connections
	StreamsInFlight Family // streams open now
	Info            Family // 1, with the version of what made the metrics

	Client Client // outgoing requests
}

// Client names the metric families of outgoing HTTP requests. A family with an
// empty Name is not exported.
type Client struct {
	Requests Family // finished requests by outcome
	Duration Family // from the request's start to the end of its response
	InFlight Family // requests under way now
}

// Families returns the exported families in a fixed order.
func (c Client) Families() []Family { return exported(&c.Requests, &c.Duration, &c.InFlight) }

// WithPrefix returns the schema with another prefix in the place of its own:
// Flask's families begin with flask, those of Default with nothing. NoPrefix
// takes the prefix away; an empty one changes nothing, as with
// prometheus-flask-exporter's defaults_prefix.
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

// NoPrefix is the prefix that leaves names without one. No name can begin with
// it, so that nobody means it by accident.
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

// knows reports whether any label of the family has this name.
func (f Family) knows(label string) bool {
	return slices.ContainsFunc(f.Labels, func(l LabelName) bool { return slices.Contains(l.Names(), label) })
}

// Main returns the family that counts requests by outcome: Requests, or
// Duration in schemas that have no counter.
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

// Label returns the family's label that carries v.
func (f Family) Label(v Value) (l LabelName, ok bool) {
	for _, l := range f.Labels {
		if l.Value == v {
			return l, true
		}
	}
	return LabelName{}, false
}

// StatusLabel returns the label that tells failed requests from others, be it
// the status itself or its class.
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

// valueNames are how values are written, in files that outlive a release.
var valueNames = map[Value]string{
	Method: "method", Route: "route", Status: "status", Metric: "metric", Label: "label", Reason: "reason",
	StatusClass: "status_class", Scheme: "scheme", ErrorType: "error_type", Version: "version", Host: "host", Port: "port",
	Handler: "handler", Service: "service", Exception: "exception", Outcome: "outcome",
}

// MarshalText implements encoding.TextMarshaler.
func (v Value) MarshalText() ([]byte, error) {
	name, ok := valueNames[v]
	if !ok {
		return nil, fmt.Errorf("schema: %d is no value", int(v))
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
	return fmt.Errorf("schema: %q is no value", text)
}
