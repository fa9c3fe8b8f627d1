// Package live describes what a running service exports, so that only that is generated.
package live

import (
	"slices"
	"strings"

	"github.com/tacho-go/tacho/schema"
)

// A Family is a metric family of an exposition.
type Family struct {
	Name   string // as in queries: a counter with _total where the service has it
	Help   string
	Kind   schema.Kind // or another type of Prometheus, such as "info"
	Labels []string    // without le and quantile, sorted
	Series int         // what Prometheus stores

	// Classic and Native are the forms of a histogram. Both are false for a histogram without series.
	Classic, Native bool
}

// A Registry is the metric families of one service.
type Registry []Family

// Family returns the family of a name.
func (r Registry) Family(name string) (f Family, ok bool) {
	i := slices.IndexFunc(r, func(f Family) bool { return f.Name == name })
	if i < 0 {
		return Family{}, false
	}
	return r[i], true
}

// Has reports whether the service exports a family.
func (r Registry) Has(name string) bool { _, ok := r.Family(name); return ok && name != "" }

func (r Registry) labels() map[string][]string {
	all := make(map[string][]string, len(r))
	for _, f := range r {
		all[f.Name] = f.Labels
	}
	return all
}

// Schemas returns the schemas that the service follows, best match first, reduced to what it exports.
// Names with a prefix of the service's own, such as shop_http_requests_total, follow a schema too.
func (r Registry) Schemas() []schema.Schema {
	found := schema.Detect(r.labels())
	if len(found) == 0 {
		found = r.prefixed()
	}
	for i := range found {
		r.reduce(&found[i])
	}
	return found
}

// reduce removes the families that are not there, and turns histograms without buckets into summaries.
func (r Registry) reduce(s *schema.Schema) {
	for _, f := range []*schema.Family{
		&s.Requests, &s.Duration, &s.InFlight, &s.RequestSize, &s.ResponseSize, &s.Panics, &s.StreamDuration, &s.StreamsInFlight, &s.Info,
		&s.Client.Requests, &s.Client.Duration, &s.Client.InFlight,
	} {
		seen, ok := r.Family(f.Name)
		switch {
		case !ok:
			*f = schema.Family{}
		case f.Kind == schema.Histogram && seen.Kind == schema.Summary:
			f.Kind = schema.Summary
		}
	}
}

// prefixable are the schemas whose names services have put a prefix before.
func prefixable() []schema.Schema { return []schema.Schema{schema.Default(), schema.Flask()} }

// prefixed looks for names of a schema behind a prefix, or behind another one than the schema's. Of
// several, it is the one with the most families: both schemas may have the latency.
func (r Registry) prefixed() (best []schema.Schema) {
	most := 0
	for _, s := range prefixable() {
		for _, f := range r {
			base := strings.TrimPrefix(s.Duration.Name, s.Prefix+"_")
			prefix, cut := strings.CutSuffix(f.Name, "_"+base)
			if !cut || prefix == s.Prefix {
				continue
			}
			n := r.exported(s.WithPrefix(prefix)) // Detect leaves out a counter without routes
			for _, found := range schema.Detect(r.without(prefix, s.Prefix)) {
				if found.Name == s.Name && n > most {
					best, most = []schema.Schema{found.WithPrefix(prefix)}, n
				}
			}
		}
	}
	return best
}

// exported is how many families of a schema the service has.
func (r Registry) exported(s schema.Schema) (n int) {
	for _, f := range s.Families() {
		if r.Has(f.Name) {
			n++
		}
	}
	return n
}

// without returns the families with a prefix under another one.
func (r Registry) without(prefix, with string) map[string][]string {
	all := map[string][]string{}
	for _, f := range r {
		if rest, cut := strings.CutPrefix(f.Name, prefix+"_"); cut {
			if with != "" {
				rest = with + "_" + rest
			}
			all[rest] = f.Labels
		}
	}
	return all
}

// A Group is the topic of a family.
type Group int

// The groups, in the order in which people look for them.
const (
	Requests Group = iota // of the schemas: HTTP requests and RPCs
	Own                   // the service's own
	Runtime               // the process and the language
	Self                  // tacho's about itself
)

// runtimePrefixes are those of client libraries' metrics about the process and the language.
var runtimePrefixes = []string{"process_", "go_", "python_", "jvm_", "nodejs_", "promhttp_", "scrape_", "executor_", "tomcat_", "logback_", "system_", "disk_", "application_", "hikaricp_"}

// In returns the families of a group, by name.
func (r Registry) In(g Group) (all []Family) {
	var requests []schema.Family
	for _, s := range r.Schemas() {
		requests = append(requests, slices.Concat(s.Families(), s.Client.Families())...)
	}
	for _, f := range r {
		if groupOf(f.Name, requests) == g {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func groupOf(name string, requests []schema.Family) Group {
	switch {
	case slices.ContainsFunc(requests, func(f schema.Family) bool { return f.Name == name }):
		return Requests
	case strings.HasPrefix(name, "tacho_"):
		return Self
	case slices.ContainsFunc(runtimePrefixes, func(p string) bool { return strings.HasPrefix(name, p) }):
		return Runtime
	}
	return Own
}

// HasSeries reports whether the service exports a series of a family, or of the part of one that a name with
// _sum, _count or _bucket is.
func (r Registry) HasSeries(name string) bool {
	for _, suffix := range []string{"", "_sum", "_count", "_bucket"} {
		if base, cut := strings.CutSuffix(name, suffix); cut {
			if f, ok := r.Family(base); ok && f.Series > 0 {
				return true
			}
		}
	}
	return false
}
