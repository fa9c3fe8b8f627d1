package schema

import (
	"cmp"
	"slices"
	"strings"
)

// Detect returns the schemas that a service speaks, best match first, or none.
// It is given the metric families of an exposition: their names, without
// _bucket, _sum or _count, and the label names that were seen on each.
//
// A schema is spoken if its request counter or its latency is there with every
// label that is not [LabelName.Optional]; labels that the schema does not know
// are the service's own and do no harm. Two schemas may give the same name to
// a family: it is then taken to be the schema's that explains more of what was
// seen, one point for each family and each label of it, and another schema
// that has nothing else to show is not spoken. A family without any label, of
// which there may be no series yet, counts only where its name is one schema's
// alone.
//
// The schemas are returned as the service speaks them: without the optional
// labels that it does not have, with the names that it gives to labels of
// several names, and without the request counter if it does not have that, or
// has no route on it and one on its latency. [Schema.Counter] then says what
// counts its requests.
//
// A schema in which routes are optional is not spoken by a service that shows
// none in its names, if another schema that shares them finds routes: both
// would count the same requests.
func Detect(families map[string][]string) []Schema {
	var found []match
	for _, s := range Known() {
		if m := compare(s, families); len(m.owned) > 0 {
			found = append(found, m)
		}
	}
	found = slices.DeleteFunc(found, func(m match) bool { return m.yields(found) })
	slices.SortStableFunc(found, func(a, b match) int { return cmp.Compare(b.points, a.points) })

	claimed := map[string]bool{}
	var spoken []Schema
	for _, m := range found {
		if !slices.ContainsFunc(m.owned, func(name string) bool { return !claimed[name] }) {
			continue
		}
		for _, name := range m.owned {
			claimed[name] = true
		}
		spoken = append(spoken, m.schema)
	}
	return spoken
}

// A match is how well a schema explains an exposition.
type match struct {
	schema Schema // as the service speaks it
	known  Schema
	points int
	owned  []string // the request counter and the latency, if they fit
	routed bool     // one of those has a route
}

// yields: see Selector.Yield.
func (m match) yields(found []match) bool {
	return !m.routed && slices.ContainsFunc(found, func(o match) bool {
		return o.routed && slices.Contains(o.owned, o.schema.Duration.Name) && o.schema.yieldedBy(m.known)
	})
}

func compare(s Schema, families map[string][]string) match {
	m := match{schema: s, known: s}
	for _, f := range m.schema.all() {
		seen, there := shown(*f, families)
		if !there || !fits(*f, seen) {
			continue
		}
		m.points += 1 + narrow(f, seen)
		if f.Name != "" && (f.Name == s.Requests.Name || f.Name == s.Duration.Name) {
			m.owned = append(m.owned, f.Name)
			m.routed = m.routed || f.hasRoute() && len(seen) > 0
		}
	}
	m.countBest()
	return m
}

// countBest leaves the request counter out where the latency's count says
// more: where there is none, or one without routes beside a latency with them.
func (m *match) countBest() {
	s := &m.schema
	has := func(name string) bool { return slices.Contains(m.owned, name) }
	if has(s.Duration.Name) && (!has(s.Requests.Name) || !s.Requests.hasRoute() && s.Duration.hasRoute()) {
		s.Requests = Family{}
	}
}

func (f Family) hasRoute() bool {
	_, ok := f.Label(Route)
	return ok
}

// shown looks a family up, and a counter also by OpenMetrics' name for it.
func shown(f Family, families map[string][]string) (labels []string, there bool) {
	if labels, there = families[f.Name]; !there && f.Kind == Counter {
		labels, there = families[strings.TrimSuffix(f.Name, "_total")]
	}
	labels = slices.Clone(labels)
	return slices.DeleteFunc(labels, func(l string) bool { return l == "le" || l == "quantile" }), there
}

func fits(f Family, seen []string) bool {
	if len(seen) == 0 && len(demanded(f)) > 0 {
		return unique(f.Name)
	}
	return !slices.ContainsFunc(demanded(f), func(l LabelName) bool { return len(l.among(seen)) == 0 })
}

func unique(name string) bool {
	users := 0
	for _, s := range Known() {
		if _, ok := s.family(name); ok {
			users++
		}
	}
	return users == 1
}

// among returns the names of the label that were seen.
func (l LabelName) among(seen []string) []string {
	return slices.DeleteFunc(l.Names(), func(name string) bool { return !slices.Contains(seen, name) })
}

// narrow takes the optional labels that were not seen out of the family, gives
// the others the names that were, and counts those.
func narrow(f *Family, seen []string) (matched int) {
	var kept []LabelName
	for _, l := range f.Labels {
		names := l.among(seen)
		if len(names) > 0 {
			matched++
			l.Name, l.Also = names[0], names[1:]
		}
		if len(names) > 0 || !l.Optional || len(seen) == 0 {
			kept = append(kept, l)
		}
	}
	f.Labels = kept
	return matched
}
