package adapter_test

import (
	"testing"

	"github.com/tacho-go/tacho/adapter"
)

// TestChiRoute: the patterns as chi leaves them. The module adaptertest/routers has the same with chi
// itself.
func TestChiRoute(t *testing.T) {
	for _, c := range []struct {
		name     string
		patterns []string
		path     string
		want     string
	}{
		{"root", []string{"/users/{id}"}, "", "/users/{id}"},
		{"wildcard", []string{"/files/*"}, "", "/files/*"},
		{"not-routed", nil, "", "searched"},
		{"mounted", []string{"/api/*", "/v1/*", "/users/{id}"}, "/users/7", "/api/v1/users/{id}"},
		{"mounted-at-root", []string{"/*", "/users/{id}"}, "/users/7", "/users/{id}"},
		{"index", []string{"/api", "/"}, "/", "/api"},
		{"index-of-root", []string{"/*", "/"}, "/", "/"},
		{"not-found-below", []string{"/api/*"}, "/nowhere", "searched"},
		{"no-index", []string{"/api"}, "/", "searched"},
		{"wildcard-below", []string{"/api/*", "/files/*"}, "/files/a", "searched"},
		{"dispatched-again", []string{"/old", "/new"}, "", "/new"},
		{"dispatched-below", []string{"/old", "/api/*", "/new"}, "/new", "/api/new"},
		{"deep", []string{"/a/*", "/b/*", "/c/*", "/d/*", "/e"}, "/e", "/a/b/c/d/e"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // the second time from memory
				if got := adapter.ChiRoute(c.patterns, c.path, func() string { return "searched" }); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
			}
		})
	}
}

// TestChiRouteAllocates nothing, for mounted routers as well.
func TestChiRouteAllocates(t *testing.T) {
	patterns := []string{"/api/*", "/v1/*", "/users/{id}"}
	if n := testing.AllocsPerRun(100, func() {
		adapter.ChiRoute(patterns, "/users/7", func() string { return "" })
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
