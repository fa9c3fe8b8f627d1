package schema

import "slices"

// A Selector selects the series of a metric family that follow a schema, if other schemas use
// the same name with other labels. Queries use it, so that two libraries in one Prometheus are
// never mixed.
type Selector struct {
	Family  Family
	Require []string // labels that must have a value
	Absent  []string // labels that must be empty

	// If labels do not distinguish two schemas, only one of them has a request counter: the job
	// must, or must not, expose it.
	With, Without *Selector

	// DeferTo are families of other schemas that share a name with this one and have a route.
	// A job that exposes any of them belongs to the other schema, unless it also exposes one
	// of Own: this schema's families with a route.
	DeferTo, Own []Selector
}

// Select returns the selector for a family of s, given the other schemas that may be present.
// nil means [Known].
func (s Schema) Select(f Family, among []Schema) Selector {
	if among == nil {
		among = Known()
	}
	picked := Selector{Family: f}
	if route, ok := f.Label(Route); ok && !route.Optional {
		picked.Require = []string{route.Name}
	}
	for _, other := range among {
		if rival, shared := other.family(f.Name); shared && other.Name != s.Name {
			picked.excludeRival(s, other, rival, among)
		}
	}
	picked.deferTo(s, f, among)
	return picked
}

// deferTo adds the schemas that have the routes of a job for which this schema has none.
func (p *Selector) deferTo(s Schema, f Family, among []Schema) {
	if route, ok := f.Label(Route); !ok || !route.Optional {
		return
	}
	for _, other := range among {
		if other.precedes(s) {
			p.DeferTo = append(p.DeferTo, other.withRoute(other.Duration, among))
		}
	}
	if len(p.DeferTo) == 0 {
		return
	}
	for _, own := range []Family{s.Requests, s.Duration} {
		if own.Name != "" && own.hasRoute() {
			p.Own = append(p.Own, s.withRoute(own, among))
		}
	}
}

// withRoute selects the series of a family that have a route, by labels only.
func (s Schema) withRoute(f Family, among []Schema) Selector {
	picked := Selector{Family: f}
	for _, other := range among {
		if rival, shared := other.family(f.Name); shared && other.Name != s.Name {
			ours, theirs := distinguishing(f, rival), distinguishing(rival, f)
			if len(theirs) > 0 && (len(ours) == 0 || earlier(other, s, among)) {
				picked.Absent = with(picked.Absent, theirs[0])
			} else if len(ours) > 0 {
				picked.Require = with(picked.Require, ours[0])
			}
		}
	}
	route, _ := f.Label(Route)
	picked.Require = with(picked.Require, route.Name)
	return picked
}

// precedes reports whether a schema with optional routes defers to this one: both have the same
// latency, and the route of this one's latency is required or has another name.
func (s Schema) precedes(other Schema) bool {
	if other.Name == s.Name || other.Requests.Name == "" || s.Duration.Name == "" || s.Duration.Name != other.Duration.Name {
		return false
	}
	route, ok := s.Duration.Label(Route)
	return ok && (!route.Optional || !other.Requests.hasLabel(route.Name))
}

// excludeRival makes the selector disjoint from a rival's. One label that one requires and the
// other refuses is enough. The less specific schema refuses it, or the later one if each has a
// label that the other lacks. No further labels are tested, because relabeling may have dropped
// them.
func (p *Selector) excludeRival(s, other Schema, rival Family, among []Schema) {
	ours, theirs := distinguishing(p.Family, rival), distinguishing(rival, p.Family)
	switch {
	case len(theirs) > 0 && (len(ours) == 0 || earlier(other, s, among)):
		p.Absent = with(p.Absent, theirs[0])
	case len(ours) > 0: // the rival refuses it
		p.Require = with(p.Require, ours[0])
	case s.Requests.Name != "" && other.Requests.Name == "":
		counter := s.Select(s.Requests, among)
		p.With = &counter
	case s.Requests.Name == "" && other.Requests.Name != "":
		counter := other.Select(other.Requests, among)
		p.Without = &counter
	}
}

func with(labels []string, label string) []string {
	if slices.Contains(labels, label) {
		return labels
	}
	return append(labels, label)
}

// distinguishing returns the labels that f requires and the rival lacks, the route first: nobody
// adds a label of that name by accident.
func distinguishing(f, rival Family) []string {
	var routes, others []string
	for _, l := range f.Labels {
		switch {
		case l.Optional || len(l.Aliases) > 0 || rival.hasLabel(l.Name): // one matcher cannot require any of several names
		case l.Value == Route:
			routes = append(routes, l.Name)
		default:
			others = append(others, l.Name)
		}
	}
	return append(routes, others...)
}

func required(f Family) (labels []LabelName) {
	for _, l := range f.Labels {
		if !l.Optional {
			labels = append(labels, l)
		}
	}
	return labels
}

func earlier(a, b Schema, among []Schema) bool {
	at := func(s Schema) int {
		return slices.IndexFunc(among, func(x Schema) bool { return x.Name == s.Name })
	}
	return at(a) < at(b)
}

func (s Schema) family(name string) (Family, bool) {
	for _, f := range s.Families() {
		if f.Name == name {
			return f, true
		}
	}
	return Family{}, false
}

// Counter returns the family whose samples count requests by route, and the suffix for its name:
// Requests, or the count of Duration if Requests does not exist, or only Duration has a route.
// For a schema from [Detect] this is how that service counts. For one of [Known] it is how most
// services count; [Schema.Fallback] is for the others.
func (s Schema) Counter() (f Family, suffix string) {
	if s.Requests.Name != "" && (s.Requests.hasRoute() || !s.Duration.hasRoute()) {
		return s.Requests, ""
	}
	return s.Duration, "_count"
}

// Fallback returns the family whose count, by route, is that of the requests in services that
// lack the counter of [Schema.Counter] or have no route on it: Duration, its name without _count.
// ok is false if Counter returns Duration already, or if the names are a single library's, which
// exports both.
func (s Schema) Fallback() (f Family, ok bool) {
	_, suffix := s.Counter()
	return s.Duration, suffix == "" && s.Duration.Name != "" && !unique(s.Duration.Name)
}
