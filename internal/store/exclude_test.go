package store

import "testing"

func TestExclusions(t *testing.T) {
	for _, test := range []struct {
		glob, path string
		want       bool
	}{
		{"/static/**", "/static/a/b.css", true},
		{"/static/**", "/static", true},
		{"/static/**", "/statics/a", false},
		{"/static/*", "/static/a", true},
		{"/static/*", "/static/a/b", false},
		{"/**/debug", "/a/b/debug", true},
		{"/**/debug", "/debug", true},
		{"/**/debug", "/debug/x", false},
		{"**/*.css", "/a/b/c.css", true},
		{"/v?/health", "/v2/health", true},
		{"/v[0-9]/health", "/v2/health", true},
		{"/v[0-9]/health", "/vx/health", false},
		{"**", "/anything/at/all", true},
	} {
		if got := globMatch(test.glob, test.path); got != test.want {
			t.Errorf("globMatch(%q, %q) = %v", test.glob, test.path, got)
		}
	}
}
