package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/sidecar/routes"
)

func table(t *testing.T, list string) *routes.Table {
	t.Helper()
	parsed, err := routes.ParseList([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	made, err := routes.NewTable(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestMatch: which template a path has.
func TestMatch(t *testing.T) {
	m := table(t, `
GET  /
GET  /users/{id}
POST /users
GET  /users/me
GET  /users/<int:id>/posts
GET  /users/{name}/posts
GET  /files/{path:path}
GET  /static/<path:filename>
GET  /docs/{rest...}
GET  /reports/report-{id}.pdf
GET  /things/<uuid:thing>
GET  /things/{id:[0-9]+}
GET  /photos/:id(.:format)
GET  /assets/*name
PUT  /users/{id}/
`)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "/"},
		{"GET", "/users/7", "/users/{id}"},
		{"HEAD", "/users/7", "/users/{id}"},
		{"POST", "/users", "/users"},
		{"GET", "/users/me", "/users/me"},
		{"GET", "/users/7/posts", "/users/<int:id>/posts"},
		{"GET", "/users/ann/posts", "/users/{name}/posts"},
		{"GET", "/files/a/b/c.txt", "/files/{path:path}"},
		{"GET", "/static/css/x.css", "/static/<path:filename>"},
		{"GET", "/docs/a/b", "/docs/{rest...}"},
		{"GET", "/reports/report-2026.pdf", "/reports/report-{id}.pdf"},
		{"GET", "/reports/report-.pdf", ""},
		{"GET", "/reports/other.pdf", ""},
		{"GET", "/things/123e4567-e89b-12d3-a456-426614174000", "/things/<uuid:thing>"},
		{"GET", "/things/8", "/things/{id:[0-9]+}"},
		{"GET", "/photos/8", "/photos/:id(.:format)"},
		{"GET", "/assets/a/b", "/assets/*name"},
		{"PUT", "/users/7/", "/users/{id}/"},
		{"GET", "/users//posts", ""}, // a parameter is never empty
		{"GET", "/users/", ""},
		{"GET", "/files/", ""},
		{"GET", "/nowhere", ""},
		{"GET", "nowhere", ""},
		{"OPTIONS", "*", ""},
	} {
		if got, _ := m.Match(c.method, c.path); got.Template != c.want {
			t.Errorf("%s %s: %q, want %q", c.method, c.path, got.Template, c.want)
		}
	}
}

// TestMethod: a template for other methods is found, and reported as such. One for the method takes
// precedence, even if its segments are wider.
func TestMethod(t *testing.T) {
	m := table(t, "GET /users/me\nDELETE /users/{id}\n/any\n")
	for _, c := range []struct {
		method, path, want string
		named              bool
	}{
		{"GET", "/users/me", "/users/me", true},
		{"DELETE", "/users/me", "/users/{id}", true},
		{"PATCH", "/users/me", "/users/me", false},
		{"PATCH", "/any", "/any", true},
	} {
		if got, ok := m.Match(c.method, c.path); !ok || got.Template != c.want || got.Method != c.named {
			t.Errorf("%s %s: %+v, want %s and %v", c.method, c.path, got, c.want, c.named)
		}
	}
}

func TestMatchAllocates(t *testing.T) {
	m := table(t, "/users/<int:id>/posts/{post}\n/things/<uuid:x>\n")
	if n := testing.AllocsPerRun(100, func() {
		m.Match("GET", "/users/7/posts/8")
		m.Match("GET", "/nowhere/at/all")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// flaskRoutes is what flask routes of Flask 2.2 prints.
const flaskRoutes = `
Endpoint     Methods    Rule
-----------  ---------  -----------------------
hello_world  GET        /
static       GET        /static/<path:filename>
user         GET, POST  /users/<int:user_id>
`

// railsRoutes is what rails routes prints.
const railsRoutes = `
   Prefix Verb   URI Pattern               Controller#Action
    users GET    /users(.:format)          users#index
          POST   /users(.:format)          users#create
     user GET    /users/:id(.:format)      users#show
          PATCH  /users/:id(.:format)      users#update
 rails_health_check GET /up(.:format)      rails/health#show
          GET|POST /search(.:format)       search#show {:locale=>"en"}
`

// showURLs is what manage.py show_urls of django-extensions prints.
const showURLs = "/\tapp.views.index\tindex\n/users/<int:pk>/\tapp.views.User\tuser-detail\n/admin/<path:url>\tdjango.contrib.admin.sites.wrapper\tadmin:catch\n"

// fastAPIRoutes is what a loop over app.routes prints.
const fastAPIRoutes = "{'GET'} /items/{item_id}\n['GET', 'HEAD'] /openapi.json\n{'POST', 'PUT'} '/items/{item_id}/files/{path:path}'\n"

// TestParseList: the lists that frameworks print.
func TestParseList(t *testing.T) {
	for _, c := range []struct {
		name, list string
		want       []string
	}{
		{"flask", flaskRoutes, []string{"[GET] /", "[GET] /static/<path:filename>", "[GET POST] /users/<int:user_id>"}},
		{"rails", railsRoutes, []string{"[GET POST] /users(.:format)", "[GET PATCH] /users/:id(.:format)", "[GET] /up(.:format)", "[GET POST] /search(.:format)"}},
		{"django", showURLs, []string{"[] /", "[] /users/<int:pk>/", "[] /admin/<path:url>"}},
		{"fastapi", fastAPIRoutes, []string{"[GET] /items/{item_id}", "[GET HEAD] /openapi.json", "[POST PUT] /items/{item_id}/files/{path:path}"}},
		{"plain", "# ours\n/a\nGET,POST /b\n/c GET\n", []string{"[] /a", "[GET POST] /b", "[GET] /c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := routes.ParseList([]byte(c.list))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range list {
				got = append(got, "["+strings.Join(r.Methods, " ")+"] "+r.Template)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if _, err := routes.NewTable(list); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBadLists: what is wrong, and in which line. All of it is reported.
func TestBadLists(t *testing.T) {
	for _, c := range []struct{ name, list, want string }{
		{"empty", "# nothing\n", "there are no routes in it"},
		{"no path", "GET /a\nusers\n", `line 2: "users" has no path: a route is a path such as /users/{id}, with its methods before or after it`},
		{"not closed", "/a\n/users/{id\n", `line 2: route "/users/{id": the parameter in "{id" is not closed`},
		{"rest in between", "/a/{x...}/b\n", `line 1: route "/a/{x...}/b": a parameter that matches the rest of the path must be the last segment`},
		{"two", "/a/{x...}/b\n/users/<id\n", "line 1: route \"/a/{x...}/b\": a parameter that matches the rest of the path must be the last segment\nline 2: route \"/users/<id\": the parameter in \"<id\" is not closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := routes.ParseList([]byte(c.list))
			if err == nil {
				_, err = routes.NewTable(list)
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// FuzzParseList: no list and no path makes it panic, and a template matches itself if it has no
// parameters.
func FuzzParseList(f *testing.F) {
	f.Add(flaskRoutes, "/users/1")
	f.Add(railsRoutes, "/users/1.json")
	f.Add("/a/{b}-{c:[a-z]{2}}.x/*r\n", "/a/1-de.x/y/z")
	f.Fuzz(func(t *testing.T, list, path string) {
		parsed, err := routes.ParseList([]byte(list))
		if err != nil {
			return
		}
		made, err := routes.NewTable(parsed)
		if err != nil {
			return
		}
		made.Match(http.MethodGet, path)
		for _, r := range parsed {
			if !strings.ContainsAny(r.Template, "<>{}:*()") && len(r.Methods) == 0 {
				if m, ok := made.Match("GET", r.Template); !ok || m.Template != r.Template {
					t.Errorf("%q matches %q", r.Template, m.Template)
				}
			}
		}
	})
}
