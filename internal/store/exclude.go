package store

import (
	"math"
	"path"
	"regexp"
	"strings"
)

// Exclusions define which requests are not recorded. They match a request's path before the handler
// runs, and a route's template once, when the route is first used.
type Exclusions struct {
	exact    map[string]bool
	globs    []string
	patterns []*regexp.Regexp

	// byKey are the exact paths of each key. Comparing with one or two is faster than any map.
	// keys has a bit for each key in use, or all bits if globs or patterns must be tried, so that
	// most requests need no comparison.
	byKey [64][]string
	keys  uint64
}

// key is a hash that costs next to nothing: of the length and the last byte.
func key(path string) int {
	if path == "" {
		return 0
	}
	return (len(path) ^ int(path[len(path)-1])) & 63
}

func newExclusions(c Config) Exclusions {
	e := Exclusions{exact: map[string]bool{c.MetricsPath: true}}
	for _, entry := range c.Exclude {
		if strings.ContainsAny(entry, `*?[\`) {
			e.globs = append(e.globs, entry)
		}
		e.exact[entry] = true // a template may contain any of these characters
	}
	for _, pattern := range c.ExcludePatterns {
		e.patterns = append(e.patterns, regexp.MustCompile(`^(?:`+pattern+`)`))
	}
	for p := range e.exact {
		k := key(p)
		e.byKey[k] = append(e.byKey[k], p)
		e.keys |= 1 << k
	}
	if len(e.globs)+len(e.patterns) > 0 {
		e.keys = math.MaxUint64
	}
	return e
}

// Request reports whether a request is excluded by its path.
func (e *Exclusions) Request(path string) bool {
	return e.keys>>key(path)&1 != 0 && (e.Listed(path) || e.Matches(path))
}

// Listed reports whether the list excludes a path.
func (e *Exclusions) Listed(path string) bool {
	for _, exact := range e.byKey[key(path)] {
		if path == exact {
			return true
		}
	}
	for _, g := range e.globs {
		if globMatch(g, path) {
			return true
		}
	}
	return false
}

// Matches reports whether the patterns exclude a path.
func (e *Exclusions) Matches(path string) bool {
	for _, p := range e.patterns {
		if p.MatchString(path) {
			return true
		}
	}
	return false
}

// route reports whether a route is excluded by its template.
func (e *Exclusions) route(template string) bool {
	if e.exact[template] {
		return true
	}
	for _, g := range e.globs {
		if globMatch(g, template) {
			return true
		}
	}
	return false
}

// globMatch is path.Match for each segment, with ** for any number of segments, including none.
func globMatch(glob, p string) bool {
	for {
		pattern, restGlob, moreGlob := strings.Cut(glob, "/")
		if pattern == "**" {
			return matchRest(restGlob, moreGlob, p)
		}
		segment, rest, more := strings.Cut(p, "/")
		if ok, err := path.Match(pattern, segment); !ok || err != nil {
			return false
		}
		if !moreGlob || !more {
			return moreGlob == more || restGlob == "**" && moreGlob
		}
		glob, p = restGlob, rest
	}
}

// matchRest tries the glob after a ** at every segment of p.
func matchRest(glob string, more bool, p string) bool {
	if !more {
		return true
	}
	for {
		if globMatch(glob, p) {
			return true
		}
		_, rest, ok := strings.Cut(p, "/")
		if !ok {
			return false
		}
		p = rest
	}
}
