package schema_test

import (
	"slices"
	"testing"

	"github.com/tacho-go/tacho/schema"
)

// TestSelectorsAreDisjoint: no series matches two schemas. Of any two selectors for one name,
// one refuses a label that the other requires, or one needs a counter that the other excludes.
func TestSelectorsAreDisjoint(t *testing.T) {
	pairs := 0
	for i, a := range schema.Known() {
		for _, b := range schema.Known()[i+1:] {
			for _, f := range a.Families() {
				for _, g := range b.Families() {
					if f.Name != g.Name {
						continue
					}
					pairs++
					if x, y := a.Select(f, nil), b.Select(g, nil); !disjoint(x, y) && !disjoint(y, x) {
						t.Errorf("%s of %s and of %s are mixed:\n%+v\n%+v", f.Name, a.Name, b.Name, x, y)
					}
				}
			}
		}
	}
	if pairs < 20 {
		t.Errorf("only %d pairs share a name: the test covers too little", pairs)
	}
}

func disjoint(x, y schema.Selector) bool {
	for _, l := range x.Absent {
		if slices.Contains(y.Require, l) {
			return true
		}
	}
	return x.With != nil && y.Without != nil && x.With.Family.Name == y.Without.Family.Name
}

// TestSelectorsPickTheirOwn: the selectors of a schema match its own real expositions and no
// others.
func TestSelectorsPickTheirOwn(t *testing.T) {
	for file, name := range schemasOf {
		seen := readExposition(t, file).labels()
		for _, s := range schema.Known() {
			for _, f := range []schema.Family{s.Requests, s.Duration} {
				labels, shown := seen[f.Name]
				if !shown || file == "go-gin-prometheus-v0" && f.Name == s.Duration.Name {
					continue
				}
				if counterWithoutRoute(file) && f.Name == "http_requests_total" {
					if picks(s.Select(f, nil), labels, seen) {
						t.Errorf("%s: %s selected as %s, though the latency counts by route", file, f.Name, s.Name)
					}
					continue
				}
				if picked := picks(s.Select(f, nil), labels, seen); picked != (s.Name == name) {
					t.Errorf("%s: %s selected as %s: %v", file, f.Name, s.Name, picked)
				}
			}
		}
	}
}

func picks(s schema.Selector, labels []string, seen map[string][]string) bool {
	has := func(l string) bool { return slices.Contains(labels, l) }
	if slices.ContainsFunc(s.Absent, has) || slices.ContainsFunc(s.Require, func(l string) bool { return !has(l) }) {
		return false
	}
	exposes := func(o *schema.Selector) bool {
		labels, shown := seen[o.Family.Name]
		return shown && picks(*o, labels, seen)
	}
	if slices.ContainsFunc(s.DeferTo, func(o schema.Selector) bool { return exposes(&o) }) &&
		!slices.ContainsFunc(s.Own, func(o schema.Selector) bool { return exposes(&o) }) {
		return false
	}
	return (s.With == nil || exposes(s.With)) && (s.Without == nil || !exposes(s.Without))
}

func TestSelectorsSayLittle(t *testing.T) {
	d := schema.Default()
	got := d.Select(d.Requests, nil)
	if !slices.Equal(got.Absent, []string{"status_code"}) || got.With != nil || got.Without != nil {
		t.Errorf("the path and the status's name must distinguish the default counter: %+v", got)
	}
	if got := d.Select(d.Duration, []schema.Schema{d}); len(got.Absent) != 0 {
		t.Errorf("a single schema has no rival to exclude: %+v", got)
	}
	if f, suffix := schema.Flask().Counter(); f.Name+suffix != "flask_http_request_duration_seconds_count" {
		t.Errorf("Flask's counter has no route but is used: %s%s", f.Name, suffix)
	}
}
