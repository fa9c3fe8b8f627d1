package store

import (
	"strings"
	"testing"
)

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

// TestExcludedRequests: each kind of exclusion applies to paths of any length, and to no others.
func TestExcludedRequests(t *testing.T) {
	long := "/" + strings.Repeat("a", 200)
	exact := Config{MetricsPath: "/metrics", Exclude: []string{"/healthz", long}}
	withGlob := Config{MetricsPath: "/metrics", Exclude: []string{"/static/**"}}
	withPattern := Config{MetricsPath: "/metrics", ExcludePatterns: []string{"/internal/"}}
	for _, test := range []struct {
		config Config
		path   string
		want   bool
	}{
		{exact, "/metrics", true},
		{exact, "/metricz", false},
		{exact, "/netrics", false}, // the same length and last byte
		{exact, "/healthz", true},
		{exact, long, true},
		{exact, long + "a", false},
		{exact, "/b" + long[2:], false},
		{exact, "", false},
		{withGlob, "/static/a.css", true},
		{withGlob, "/statics", false},
		{withGlob, "/metrics", true},
		{withPattern, "/internal/x", true},
		{withPattern, "/x/internal/", false},
		{withPattern, "", false},
	} {
		e := newExclusions(test.config)
		if got := e.Request(test.path); got != test.want {
			t.Errorf("%v: Request(%.20q) = %v", test.config.Exclude, test.path, got)
		}
	}
}
