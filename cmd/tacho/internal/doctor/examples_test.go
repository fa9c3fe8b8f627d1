package doctor

import (
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/internal/programs"
)

// examples are this repository's own programs, with traffic. Nothing above
// info may be said of them.
var examples = []struct {
	name     string
	requests []string // each is made several times
}{
	{"gin", []string{"GET /", "GET /api", "GET /nowhere", "POST /api"}},
	{"three-routes", []string{"GET /first_route", "GET /second_route", "POST /three_route", "GET /nowhere"}},
	{"nethttp", []string{"GET /users/7", "GET /users/8", "GET /users/9", "POST /users", "GET /healthz", "DELETE /users", "GET /nowhere",
		"GET /wp-login.php", "GET /.env?x=1", "BREW /users/7", "WHEN /users/7"}},
}

func TestExamples(t *testing.T) {
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			p := start(t, listening, exec.Command(programs.File(t, e.name), "-listen", "127.0.0.1:0"))
			mustBeWell(t, mustExamine(t, quick(p.url))) // before any traffic
			traffic(t, p.url, e.requests, 60)
			r := mustExamine(t, quick(p.url))
			mustBeWell(t, r)
			if len(r.Speaks) != 1 || r.Speaks[0] != "default" {
				t.Errorf("speaks %v, want default", r.Speaks)
			}
			t.Log("\n" + text(r))
		})
	}
}

// traffic makes every request n times, some at once.
func traffic(t *testing.T, url string, requests []string, n int) {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range n / 20 {
				for _, r := range requests {
					method, path, _ := strings.Cut(r, " ")
					request(t, method, url+path)
				}
			}
		})
	}
	all.Wait()
}
