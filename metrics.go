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
	source source
}

// A source visits the label sets that a family has now.
type source func(*scan, *family)

// A label is constant or taken from the values of a label set.
type label struct {
	name     string
	constant bool
	text     string       // if constant
	value    schema.Value // if not
}

// families are all metric families of a Meter; nil for those that it does not
// export.
type families struct {
	requests, duration, inFlight, requestSize, responseSize, panics, streams, streamsInFlight *family
	series, seriesLimit, overflow, beyond, scrapeErrors                                       *family

	sorted []*family // by name
}

func newFamilies(o Options) families {
	var all []*family
	add := func(f schema.Family, namespace string, from source) *family {
		if f.Name == "" {
			return nil
		}
		made := newFamily(f, namespace, o.ConstLabels, from)
		all = append(all, made)
		return made
	}
	http := func(f schema.Family, from source) *family { return add(f, o.Namespace, from) }
	// Self-metrics keep their names; constant labels tell their Meters apart.
	self := func(f schema.Family, from source) *family { return add(f, "", from) }
	s := o.Schema
	if o.Minimal {
		s = schema.Schema{Name: s.Name, Requests: s.Requests, Duration: s.Duration, Panics: s.Panics}
	}
	f := families{
		requests:        http(s.Requests, requests),
		duration:        http(s.Duration, durations),
		panics:          http(s.Panics, panics),
		inFlight:        http(s.InFlight, gauge(func(c *core) int64 { return c.inFlight.load() })),
		streamsInFlight: http(s.StreamsInFlight, gauge(func(c *core) int64 { return c.streams.Load() })),
		requestSize:     http(s.RequestSize, byRow(sizes, func(w *row) *histogram { return w.requestSize.Load() })),
		responseSize:    http(s.ResponseSize, byRow(sizes, func(w *row) *histogram { return w.responseSize.Load() })),
		streams:         http(s.StreamDuration, byRow(lifetimes, func(w *row) *histogram { return w.streams.Load() })),
		series:          self(schema.Series, seriesCount),
		seriesLimit:     self(schema.SeriesLimit, seriesLimit),
		overflow:        self(schema.Overflow, overflows),
		beyond:          self(schema.Beyond, beyond),
		scrapeErrors:    self(schema.ScrapeErrors, scrapeErrors),
	}
	slices.SortFunc(all, func(a, b *family) int { return strings.Compare(a.name, b.name) })
	f.sorted = all
	return f
}

func sizes(c *core) *ladder     { return c.sizeLadder }
func lifetimes(c *core) *ladder { return c.streamLadder }

func newFamily(f schema.Family, namespace string, constLabels map[string]string, from source) *family {
	name := f.Name
	if namespace != "" {
		name = namespace + "_" + name
	}
	clean := maps.Clone(constLabels)
	for k, v := range clean {
		clean[k] = cleanLabel(v)
	}
	out := &family{Family: f, name: name, source: from, desc: prometheus.NewDesc(name, f.Help, f.LabelNames(), clean)}
	for _, l := range f.Labels {
		out.labels = append(out.labels, label{name: l.Name, value: l.Value})
	}
	for k, v := range clean {
		out.labels = append(out.labels, label{name: k, constant: true, text: v})
	}
	slices.SortFunc(out.labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return out
}

func (l label) of(v *values) string {
	if l.constant {
		return l.text
	}
	return v.text[l.value]
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
