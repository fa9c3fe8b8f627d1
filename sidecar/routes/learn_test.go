package routes_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/sidecar/routes"
)

// TestLearn: which parts of a path are identifiers.
func TestLearn(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{})
	for _, c := range []struct{ path, want string }{
		{"/", "/"},
		{"/users", "/users"},
		{"/users/7", "/users/{id}"},
		{"/users/-7.5", "/users/{id}"},
		{"/users/7/", "/users/{id}/"},
		{"/users/7/posts/8", "/users/{id}/posts/{id}"},
		{"/v1/users", "/v1/users"},
		{"/things/123e4567-e89b-12d3-a456-426614174000", "/things/{id}"},
		{"/commits/d670460b4b4aece5915caf5c68d12f560a9fe3e4", "/commits/{id}"},
		{"/commits/d670460b", "/commits/{id}"},
		{"/words/facade", "/words/facade"},
		{"/words/deadbeef", "/words/deadbeef"}, // without a digit it may be a word
		{"/days/2026-11-28", "/days/{id}"},
		{"/days/2026-11-28T10:00:00Z", "/days/{id}"},
		{"/mail/ann@example.org", "/mail/{id}"},
		{"/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/orders/{id}"},
		{"/t/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "/t/{id}"},
		{"/reports/export-monthly-report-v2", "/reports/export-monthly-report-v2"},
		{"/" + strings.Repeat("x", 49), "/{id}"},
		{"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o", "/a/b/c/d/e/f/g/h/i/j/k/l/{rest...}"},
		{"/" + strings.Repeat("x/", 2000), routes.Overflow},
		{"*", routes.Overflow},
	} {
		if got := l.Learn(c.path); got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
}

// TestFind: only a path that was served has a template.
func TestFind(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{})
	l.Learn("/users/7/posts")
	for path, want := range map[string]string{"/users/8/posts": "/users/{id}/posts", "/users/8": "", "/users": "", "/wp-admin.php": "", "": ""} {
		if got, known := l.Find(path); got != want || known != (want != "") {
			t.Errorf("%s: %q, %v; want %q", path, got, known, want)
		}
	}
}

// TestTooManyChildren: names that differ too much are identifiers as well. What is below them
// remains distinct.
func TestTooManyChildren(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{Children: 10})
	for i := range 11 {
		name := "/users/" + strings.Repeat(string(rune('a'+i)), 3)
		l.Learn(name)
		l.Learn(name + "/posts")
	}
	l.Learn("/users/")
	if got, want := l.Templates(), []string{"/users/", "/users/{id}", "/users/{id}/posts"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := l.Learn("/users/zoe/posts"); got != "/users/{id}/posts" {
		t.Errorf("a new name: %q", got)
	}
}

// TestRestart: after a restart the templates are the same, merged places included.
func TestRestart(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{Children: 3})
	for _, path := range []string{"/a/x", "/a/y", "/a/z", "/a/w", "/b/1/c", "/"} {
		l.Learn(path)
	}
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	again := routes.NewLearner(routes.LearnerLimits{Children: 3})
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	if got, want := again.Templates(), []string{"/", "/a/{id}", "/b/{id}/c"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := again.Learn("/a/new"); got != "/a/{id}" {
		t.Errorf("a merged place forgot that it is merged: %q", got)
	}
	for _, bad := range []string{"", "{", `{"templates":["users"]}`, `{"templates":7}`} {
		if json.Unmarshal([]byte(bad), again) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if len(again.Templates()) != 3 {
		t.Error("a state that is not valid has replaced what was known")
	}
}

// TestTemplateLimit: what is remembered is bounded, whatever clients request.
func TestTemplateLimit(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{Templates: 20, Children: 1000})
	for i := range 1000 {
		l.Learn(fmt.Sprintf("/p%c%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676))
	}
	if n := len(l.Templates()); n != 20 {
		t.Errorf("%d templates", n)
	}
	if got := l.Learn("/another"); got != routes.Overflow {
		t.Errorf("beyond the limit: %q", got)
	}
}

// TestConcurrentLearning is for the race detector.
func TestConcurrentLearning(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{Children: 5})
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 500 {
				l.Learn(fmt.Sprintf("/g%c/n%c%c/%d", 'a'+g, 'a'+i%26, 'a'+i/26, i))
				l.Templates()
				l.TakeChanged()
			}
		})
	}
	all.Wait()
	if len(l.Templates()) == 0 {
		t.Error("nothing was learned")
	}
}

func TestFindAllocates(t *testing.T) {
	l := routes.NewLearner(routes.LearnerLimits{})
	l.Learn("/users/7/posts/8")
	if n := testing.AllocsPerRun(100, func() { l.Find("/users/9/posts/10") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
