package schema

import "slices"

// A Selector says which series of a metric family follow a schema, when other
// schemas give the same name to a family with other labels. It is what a query
// asks for, so that two libraries in one Prometheus are never mixed.
type Selector struct {
	Family Family
	Demand []string // labels that must have a value
	Refuse []string // labels that must have none

	// Where labels cannot tell two schemas apart, one of them has a request
	// counter and the other has not: the job must, or must not, expose it.
	With, Without *Selector

	// Yield are families of other schemas that tell routes apart under names
	// which this schema shares, where its own series have no route. A job that
	// exposes any of them is theirs, unless it exposes one of Keep: the
	// schema's own families, with a route.
	Yield, Keep []Selector
}

// Select returns the selector for a family of s, beside the other schemas that
// may be around: nil stands for [Known].
func (s Schema) Select(f Family, among []Schema) Selector {
	if among == nil {
		among = Known()
	}
	picked := Selector{Family: f}
	if route, ok := f.Label(Route); ok && !route.Optional {
		picked.Demand = []string{route.Name}
	}
	for _, other := range among {
		if rival, shared := other.family(f.Name); shared && other.Name != s.Name {
			picked.avoid(s, other, rival, among)
		}
	}
	picked.yield(s, f, among)
	return picked
}

// yield gives the requests of a job to the schema that knows their routes.
func (p *Selector) yield(s Schema, f Family, among []Schema) {
	if route, ok := f.Label(Route); !ok || !route.Optional {
		return
	}
	for _, other := range among {
		if other.yieldedBy(s) {
			p.Yield = append(p.Yield, other.routed(other.Duration, among))
		}
	}
	if len(p.Yield) == 0 {
		return
	}
	for _, own := range []Family{s.Requests, s.Duration} {
		if own.Name != "" && own.hasRoute() {
			p.Keep = append(p.Keep, s.routed(own, among))
		}
	}
}

// routed selects the series of a family that have a route, by labels alone.
func (s Schema) routed(f Family, among []Schema) Selector {
	picked := Selector{Family: f}
	for _, other := range among {
		if rival, shared := other.family(f.Name); shared && other.Name != s.Name {
			ours, theirs := lacking(f, rival), lacking(rival, f)
			if len(theirs) > 0 && (len(ours) == 0 || earlier(other, s, among)) {
				picked.Refuse = with(picked.Refuse, theirs[0])
			} else if len(ours) > 0 {
				picked.Demand = with(picked.Demand, ours[0])
			}
		}
	}
	route, _ := f.Label(Route)
	picked.Demand = with(picked.Demand, route.Name)
	return picked
}

// yieldedBy reports whether a schema whose routes are optional gives way to
// this one: they share a name, and this one's latency has a route that is
// always there, or under another name.
func (s Schema) yieldedBy(vague Schema) bool {
	if vague.Name == s.Name || vague.Requests.Name == "" || s.Duration.Name == "" || s.Duration.Name != vague.Duration.Name {
		return false
	}
	route, ok := s.Duration.Label(Route)
	return ok && (!route.Optional || !vague.Requests.knows(route.Name))
}

// avoid makes the selector disjoint from a rival's. One label is enough, that
// one demands and the other refuses: whichever schema is the vaguer one
// refuses it, or the later one if each has a label that the other lacks.
// Nothing more is asked for, since relabelling may have dropped the rest.
func (p *Selector) avoid(s, other Schema, rival Family, among []Schema) {
	ours, theirs := lacking(p.Family, rival), lacking(rival, p.Family)
	switch {
	case len(theirs) > 0 && (len(ours) == 0 || earlier(other, s, among)):
		p.Refuse = with(p.Refuse, theirs[0])
	case len(ours) > 0: // which the rival refuses
		p.Demand = with(p.Demand, ours[0])
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

// lacking returns the labels that f demands and the rival does not know, the
// route first: nobody adds a label of that name by accident.
func lacking(f, rival Family) []string {
	var routes, others []string
	for _, l := range f.Labels {
		switch {
		case l.Optional || len(l.Also) > 0 || rival.knows(l.Name): // one matcher cannot demand one of several names
		case l.Value == Route:
			routes = append(routes, l.Name)
		default:
			others = append(others, l.Name)
		}
	}
	return append(routes, others...)
}

func demanded(f Family) (labels []LabelName) {
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

// Counter returns the family whose samples count requests by route, and what
// to append to its name to get them: Requests, or the count of Duration if
// Requests does not exist, or does not know the route and Duration does. Of a schema that [Detect]
// returned that is how this service counts; of one in [Known] it is how services
// usually do, and [Schema.Fallback] how the others do.
func (s Schema) Counter() (f Family, suffix string) {
	if s.Requests.Name != "" && (s.Requests.hasRoute() || !s.Duration.hasRoute()) {
		return s.Requests, ""
	}
	return s.Duration, "_count"
}

// Fallback returns the family whose count is that of the requests, by route,
// in services that lack the counter of [Schema.Counter] or have no route on it:
// the count of Duration, the name without _count. Not ok is a schema that
// counts by it anyway, or whose names are a single library's, which has both.
func (s Schema) Fallback() (f Family, ok bool) {
	_, suffix := s.Counter()
	return s.Duration, suffix == "" && s.Duration.Name != "" && !unique(s.Duration.Name)
}

// ErrorStatus is the regular expression for the statuses, status classes and
// status texts of failed requests: everything from 500 on. A client that left
// (499) is no failure of the service.
const ErrorStatus = "5..|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Timeout|" +
	"HTTP Version Not Supported|Variant Also Negotiates|Insufficient Storage|Loop Detected|Not Extended|" +
	"Network Authentication Required"
