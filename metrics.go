package tacho

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/schema"
)

// A family is one of the schema's metric families as this Meter exports it:
// with the namespace in its name and the constant labels among its labels.
type family struct {
	schema.Family
	name   string
	desc   *prometheus.Desc
	labels []label // sorted by name, constant ones included
}

// A label is constant or taken from the values of a label set.
type label struct {
	name     string
	constant bool
	text     string       // if constant
	value    schema.Value // if not
}

// values are what the labels of one label set are taken from, by schema.Value.
type values [5]string

// families are all metric families of a Meter.
type families struct {
	requests, duration, inFlight, requestSize, responseSize, panics, streams, streamsInFlight *family
	series, seriesLimit, overflow                                                             *family
}

func newFamilies(o Options) families {
	http := func(f schema.Family) *family { return newFamily(f, o.Namespace, o.ConstLabels) }
	// Self-metrics keep their names; constant labels tell their Meters apart.
	self := func(f schema.Family) *family { return newFamily(f, "", o.ConstLabels) }
	s := o.Schema
	return families{
		requests: http(s.Requests), duration: http(s.Duration), inFlight: http(s.InFlight),
		requestSize: http(s.RequestSize), responseSize: http(s.ResponseSize), panics: http(s.Panics),
		streams: http(s.StreamDuration), streamsInFlight: http(s.StreamsInFlight),
		series: self(schema.Series), seriesLimit: self(schema.SeriesLimit), overflow: self(schema.Overflow),
	}
}

func newFamily(f schema.Family, namespace string, constLabels map[string]string) *family {
	if f.Name == "" {
		return nil
	}
	name := f.Name
	if namespace != "" {
		name = namespace + "_" + name
	}
	clean := maps.Clone(constLabels)
	for k, v := range clean {
		clean[k] = cleanLabel(v)
	}
	out := &family{Family: f, name: name, desc: prometheus.NewDesc(name, f.Help, f.LabelNames(), clean)}
	for _, l := range f.Labels {
		out.labels = append(out.labels, label{name: l.Name, value: l.Value})
	}
	for k, v := range clean {
		out.labels = append(out.labels, label{name: k, constant: true, text: v})
	}
	slices.SortFunc(out.labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return out
}

// all returns the families in a fixed order, those that are not exported left
// out.
func (f *families) all() []*family {
	every := []*family{
		f.requests, f.duration, f.inFlight, f.requestSize, f.responseSize, f.panics,
		f.streams, f.streamsInFlight, f.series, f.seriesLimit, f.overflow,
	}
	return slices.DeleteFunc(every, func(f *family) bool { return f == nil })
}

func (l label) of(v *values) string {
	if l.constant {
		return l.text
	}
	return v[l.value]
}

// foldedValues says which value of a label set a foldedLabel replaces.
var foldedValues = [foldedLabels]schema.Value{foldedRoute: schema.Route, foldedStatus: schema.Status}

// labelOf names the family's label for a value, or the value's usual name.
func labelOf(f schema.Family, v schema.Value) string {
	usual := map[schema.Value]string{schema.Route: "path", schema.Status: "status"}[v]
	for _, l := range f.Labels {
		if l.Value == v {
			usual = l.Name
		}
	}
	return cmp.Or(usual, "label")
}
