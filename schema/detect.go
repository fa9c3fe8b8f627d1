package schema

import (
	"cmp"
	"slices"
	"strings"
)

// Detect returns the schemas that a service uses, best match first, or none. It takes the metric
// families of an exposition: their names, without _bucket, _sum or _count, and the label names
// seen on each.
//
// A service uses a schema if the schema's request counter or latency is there with every label
// that is not [LabelName.Optional]. Labels that the schema does not have belong to the service
// and do no harm. Two schemas may share a family name. Detect then assigns the family to the
// schema that explains more of the exposition, at one point for each family and each of its
// labels, and drops another schema that has nothing else. A family without labels, which may
// have no series yet, counts only if its name is unique to one schema.
//
// The returned schemas are reduced to what the service uses: they lack the optional labels that
// the service does not have, and a label with aliases has the name that the service uses. The
// request counter is left out if the service has none, or has a route on its latency only.
// [Schema.Counter] then returns what counts its requests.
//
// A service may measure RPCs beside other requests. Schemas of RPCs come last, because tacho counts
// RPCs in its own families, too.
//
// A service without routes in these names does not use a schema with optional routes if another
// schema that shares the names finds routes: both would count the same requests.
func Detect(families map[string][]string) []Schema {
	var found []match
	for _, s := range Known() {
		if m := compare(s, families); len(m.mainFamilies) > 0 {
			found = append(found, m)
		}
	}
	found = slices.DeleteFunc(found, func(m match) bool { return m.defers(found) })
	slices.SortStableFunc(found, better)

	claimed := map[string]bool{}
	var used []Schema
	for _, m := range found {
		if !slices.ContainsFunc(m.mainFamilies, func(name string) bool { return !claimed[name] }) {
			continue
		}
		for _, name := range m.mainFamilies {
			claimed[name] = true
		}
		used = append(used, m.schema)
	}
	return used
}

// A match rates how well a schema explains an exposition.
type match struct {
	schema       Schema // as the service uses it
	known        Schema
	points       int
	mainFamilies []string // the request counter and the latency, if they fit
	routed       bool     // one of those has a route
}

// better orders matches: RPCs last, then by points.
func better(a, b match) int {
	if a.schema.RPC != b.schema.RPC {
		if b.schema.RPC {
			return -1
		}
		return 1
	}
	return cmp.Compare(b.points, a.points)
}

// defers implements Selector.DeferTo for one exposition.
func (m match) defers(found []match) bool {
	return !m.routed && slices.ContainsFunc(found, func(o match) bool {
		return o.routed && slices.Contains(o.mainFamilies, o.schema.Duration.Name) && o.schema.precedes(m.known)
	})
}

func compare(s Schema, families map[string][]string) match {
	m := match{schema: s, known: s}
	for _, f := range m.schema.all() {
		seen, exists := lookup(*f, families)
		if !exists || !fits(*f, seen) {
			continue
		}
		m.points += 1 + reduce(f, seen)
		if f.Name != "" && (f.Name == s.Requests.Name || f.Name == s.Duration.Name) {
			m.mainFamilies = append(m.mainFamilies, f.Name)
			m.routed = m.routed || f.hasRoute() && len(seen) > 0
		}
	}
	m.chooseCounter()
	return m
}

// chooseCounter drops the request counter where the latency's count is better: the counter does
// not exist, or only the latency has a route.
func (m *match) chooseCounter() {
	s := &m.schema
	has := func(name string) bool { return slices.Contains(m.mainFamilies, name) }
	if has(s.Duration.Name) && (!has(s.Requests.Name) || !s.Requests.hasRoute() && s.Duration.hasRoute()) {
		s.Requests = Family{}
	}
}

func (f Family) hasRoute() bool {
	_, ok := f.Label(Route)
	return ok
}

// lookup finds a family; a counter also under its OpenMetrics name.
func lookup(f Family, families map[string][]string) (labels []string, exists bool) {
	if labels, exists = families[f.Name]; !exists && f.Kind == Counter {
		labels, exists = families[strings.TrimSuffix(f.Name, "_total")]
	}
	labels = slices.Clone(labels)
	return slices.DeleteFunc(labels, func(l string) bool { return l == "le" || l == "quantile" }), exists
}

func fits(f Family, seen []string) bool {
	if len(seen) == 0 && len(required(f)) > 0 {
		return unique(f.Name)
	}
	return !slices.ContainsFunc(required(f), func(l LabelName) bool { return len(l.namesIn(seen)) == 0 })
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

// namesIn returns the names of the label that were seen.
func (l LabelName) namesIn(seen []string) []string {
	return slices.DeleteFunc(l.Names(), func(name string) bool { return !slices.Contains(seen, name) })
}

// reduce removes optional labels that were not seen, gives the other labels the names that were,
// and counts those.
func reduce(f *Family, seen []string) (matched int) {
	var kept []LabelName
	for _, l := range f.Labels {
		names := l.namesIn(seen)
		if len(names) > 0 {
			matched++
			l.Name, l.Aliases = names[0], names[1:]
		}
		if len(names) > 0 || !l.Optional || len(seen) == 0 {
			kept = append(kept, l)
		}
	}
	f.Labels = kept
	return matched
}
