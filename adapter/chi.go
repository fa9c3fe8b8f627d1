package adapter

import (
	"cmp"
	"maps"
	"strings"
	"sync/atomic"

	"github.com/tacho-go/tacho"
)

// ChiRoute returns the template of the route that a chi router has found, with those of the routers
// around it, or [tacho.Unmatched]. It routes nothing a second time and allocates nothing. Use it for
// [Middleware] in the router's chain (Use):
//
//	func route(r *http.Request) string {
//		c := chi.RouteContext(r.Context())
//		return adapter.ChiRoute(c.RoutePatterns, c.RoutePath, func() string {
//			return c.Routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
//		})
//	}
//
// find is called if the patterns do not tell: chi has not routed the request, or has found nothing,
// or the last router may be one that is mounted at a path without a route of its own for the rest of
// it. This concerns a mounted router's routes that end in a *, too.
func ChiRoute(patterns []string, path string, find func() string) string {
	if last := len(patterns) - 1; last >= 0 {
		if path == "" { // chi sets it when a request reaches a mounted router
			return patterns[last]
		}
		if !mayMount(patterns[last], path) {
			return chiTemplates.of(chain(patterns))
		}
	}
	return cmp.Or(find(), tacho.Unmatched)
}

// mayMount reports whether a pattern may be where a router is mounted, with this path left for it.
// chi mounts a router at /users/*, and at /users and /users/ with the path / left.
func mayMount(pattern, path string) bool {
	return strings.HasSuffix(pattern, "*") || path == "/" && pattern != "/"
}

// chain returns the patterns of the routers that are mounted in each other, down to the last. Those
// before them are from before a handler dispatched the request again.
func chain(patterns []string) []string {
	first := len(patterns) - 1
	for first > 0 && (strings.HasSuffix(patterns[first-1], "*") || patterns[first] == "/") {
		first--
	}
	return patterns[first:]
}

// chiTemplates are the joined templates of mounted routers. chi would join them for each request.
var chiTemplates chiCache

// A chiCache is replaced as a whole, because a router has few templates and reads them all the time.
type chiCache struct {
	known atomic.Pointer[map[chiKey]string]
}

const (
	maxChiDepth     = 4
	maxChiTemplates = 4096
)

type chiKey [maxChiDepth]string

func (c *chiCache) of(patterns []string) string {
	switch n := len(patterns); {
	case n == 1:
		return patterns[0]
	case n > maxChiDepth:
		return joinChi(patterns)
	}
	var key chiKey
	copy(key[:], patterns)
	known := c.known.Load()
	if known == nil {
		known = new(map[chiKey]string)
	}
	if template, ok := (*known)[key]; ok {
		return template
	}
	return c.add(*known, key, joinChi(patterns))
}

// add may lose what another goroutine adds at the same time, which then is added later.
func (c *chiCache) add(known map[chiKey]string, key chiKey, template string) string {
	if len(known) < maxChiTemplates {
		grown := maps.Clone(known)
		if grown == nil {
			grown = map[chiKey]string{}
		}
		grown[key] = template
		c.known.Store(&grown)
	}
	return template
}

// joinChi joins the patterns of mounted routers: those before the last end in /*, which the next one
// stands for, or are the path of a mounted router that has the route /.
func joinChi(patterns []string) string {
	last := len(patterns) - 1
	var template strings.Builder
	for _, p := range patterns[:last] {
		template.WriteString(strings.TrimSuffix(strings.TrimSuffix(p, "*"), "/"))
	}
	if patterns[last] != "/" {
		template.WriteString(patterns[last])
	}
	return cmp.Or(template.String(), "/")
}
