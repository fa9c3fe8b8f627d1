// Package schema holds the names of tacho's metrics and labels as data.
//
// A [Schema] says what every measurement is called: the library reads it to
// build its metric families, docs/metrics.md is checked against it, and
// dashboards and rules are generated from it, so that one renamed metric is
// renamed everywhere. The vocabulary is Prometheus's: base units, a _total
// suffix for counters (https://prometheus.io/docs/practices/naming/).
package schema

// A Kind is the Prometheus type of a metric family.
type Kind string

// The kinds of metric families that tacho exports.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
	// Summary is exported by other libraries only: a count and a sum, without
	// buckets. Quantiles of a service cannot be computed from it.
	Summary Kind = "summary"
)

// A Value says what a label's value is taken from. Schemas give the same
// values different label names.
type Value int

// What a label of an HTTP metric can carry.
const (
	Method Value = iota // the request method, or OTHER
	Route               // the route's template, or unmatched, unknown, __overflow__
	Status              // the status that was really sent, as a number
	Metric              // the name of a metric family (self-metrics)
	Label               // the name of a label (self-metrics)
	Reason              // why something failed (self-metrics)

	// What only the schemas of other libraries carry; tacho never records them.
	StatusClass // the status as 2xx, 3xx, 4xx, 5xx
	Handler     // the function that served the request
	Host        // the Host header as the client sent it
	Service     // a name that the service gives itself
	Scheme      // http or https
	Exception   // the type of what was thrown, or none
	Outcome     // the status in words, SUCCESS or SERVER_ERROR
)

// A LabelName pairs a label's name with what its value is taken from.
type LabelName struct {
	Name  string
	Value Value
	// Optional says that a service may speak the schema without this label:
	// it depends on a version or a setting, or is empty on some series.
	Optional bool
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

	Requests        Family // requests by outcome
	Duration        Family // latency; time to first byte for streams
	InFlight        Family // requests being served now
	RequestSize     Family // bytes of request bodies, as they were read
	ResponseSize    Family // bytes of response bodies, as they were written
	Panics          Family // panics that passed through tacho
	StreamDuration  Family // lifetime of streams and hijacked connections
	StreamsInFlight Family // streams open now
}

// Families returns the exported families in a fixed order.
func (s Schema) Families() []Family {
	var exported []Family
	for _, f := range s.all() {
		if f.Name != "" {
			exported = append(exported, *f)
		}
	}
	return exported
}

func (s *Schema) all() []*Family {
	return []*Family{
		&s.Requests, &s.Duration, &s.InFlight, &s.RequestSize,
		&s.ResponseSize, &s.Panics, &s.StreamDuration, &s.StreamsInFlight,
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
