package top

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/schema"
)

// A part is the meaning of a sample.
type part int

const (
	requests part = iota
	seconds
	bucket
	spread // a native histogram: all of the above
	inFlight
)

// A role is the meaning of the samples of one name in a schema.
type role struct {
	part     part
	selector schema.Selector
	route    schema.LabelName
	method   string   // the label's name; "" if it has none
	scale    float64  // to seconds
	status   []string // the names that the label has
	counts   bool     // the family counts the requests
}

// noRoute is the path of requests without a route label.
const noRoute = "unknown"

// rolesOf returns the roles of a schema by the names of samples: the same
// families that gen/rules records.
func rolesOf(s schema.Schema) map[string][]role {
	all := map[string][]role{}
	add := func(f schema.Family, suffix string, p part) {
		if f.Name != "" {
			all[f.Name+suffix] = append(all[f.Name+suffix], newRole(s, f, p))
		}
	}
	counter, suffix := s.Counter()
	add(counter, suffix, requests)
	add(s.Duration, "_sum", seconds)
	if s.Duration.Kind == schema.Histogram {
		add(s.Duration, "_bucket", bucket)
		add(s.Duration, "", spread)
	}
	for _, suffix := range inFlightSuffixes(s.InFlight) {
		add(s.InFlight, suffix, inFlight)
	}
	return all
}

// inFlightSuffixes returns the suffixes of the in-flight metric. Micrometer has three
// variants.
func inFlightSuffixes(f schema.Family) []string {
	if f.Kind == schema.Summary {
		return []string{"_count", "_gcount", "_active_count"}
	}
	return []string{""}
}

func newRole(s schema.Schema, f schema.Family, p part) role {
	route, _ := f.Label(schema.Route)
	method, _ := f.Label(schema.Method)
	status, _ := f.StatusLabel()
	counter, _ := s.Counter()
	return role{
		part: p, selector: s.Select(f, nil),
		route: route, method: method.Name, scale: math.Pow10(f.Exponent()), status: status.Names(), counts: counter.Name == f.Name,
	}
}

// follows reports whether a series belongs to the schema and not to another library with
// the same name.
func (r role) follows(set labels.Labels) bool {
	return !slices.ContainsFunc(r.selector.Require, func(l string) bool { return set.Get(l) == "" }) &&
		!slices.ContainsFunc(r.selector.Absent, func(l string) bool { return set.Get(l) != "" })
}

func (r role) routeOf(set labels.Labels) Route {
	return Route{Method: value(set, r.method), Path: cmp.Or(r.route.RouteOf(set.Get), noRoute)}
}

// point returns the point of a series, without its value. ok is false for a bucket without
// a valid bound.
func (r role) point(set labels.Labels) (p point, ok bool) {
	p = point{part: r.part, route: r.routeOf(set), status: value(set, r.status...), counts: r.counts}
	p.set, _ = set.HashWithoutLabels(nil, labels.BucketLabel)
	if r.part != bucket {
		return p, true
	}
	var err error
	p.le, err = strconv.ParseFloat(set.Get(labels.BucketLabel), 64)
	p.le *= r.scale
	return p, err == nil && !math.IsNaN(p.le)
}

// value returns the first non-empty label value.
func value(set labels.Labels, names ...string) string {
	for _, name := range names {
		if v := set.Get(name); name != "" && v != "" {
			return v
		}
	}
	return ""
}
