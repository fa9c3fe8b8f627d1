package routers

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/tachotest"
)

func ok(http.ResponseWriter, *http.Request) {}

// mounted is a chi router with everything that a router can have below it.
func mounted(measure ...func(http.Handler) http.Handler) *chi.Mux {
	r := chi.NewRouter()
	r.Use(measure...)
	r.Use(middleware.RequestID, middleware.GetHead) // the first copies the request
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Refuse") == "all" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	r.Get("/", ok)
	r.Get("/slash/", ok)
	r.Get("/files/*", ok)
	r.Get("/panic/{id}", func(http.ResponseWriter, *http.Request) { panic("broken") })
	r.Get("/again", func(w http.ResponseWriter, req *http.Request) {
		req.URL.Path = req.URL.Query().Get("to")
		r.ServeHTTP(w, req)
	})
	r.Route("/api", func(r chi.Router) {
		r.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Refuse") == "api" {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		r.Get("/", ok)
		r.Get("/files/*", ok)
		r.Route("/{tenant}/users", func(r chi.Router) {
			r.Get("/{id}", ok)
			r.With(middleware.NoCache).Post("/", ok)
		})
	})
	r.Mount("/debug", http.HandlerFunc(ok))
	r.Route("/later", func(chi.Router) {})
	r.Get("/later", ok) // takes the place of the mounted router
	return r
}

// TestChiRoute: the route is chi's own, for every mount and every kind of response.
func TestChiRoute(t *testing.T) {
	for _, c := range []struct {
		name, method, path, refuse, want string
		status                           int
	}{
		{"root", "GET", "/", "", "/", 200},
		{"slash", "GET", "/slash/", "", "/slash/", 200},
		{"wildcard", "GET", "/files/a/b", "", "/files/*", 200},
		{"no-route", "GET", "/nowhere", "", "unmatched", 404},
		{"method", "POST", "/slash/", "", "unmatched", 405},
		{"unknown-method", "BREW", "/slash/", "", "unmatched", 405},
		{"head", "HEAD", "/slash/", "", "/slash/", 200},
		{"encoded", "GET", "/files/a%2Fb", "", "/files/*", 200},
		{"index", "GET", "/api", "", "/api", 200},
		{"index-slash", "GET", "/api/", "", "/api", 200},
		{"wildcard-below", "GET", "/api/files/a/b", "", "/api/files/*", 200},
		{"two-below", "GET", "/api/a/users/7", "", "/api/{tenant}/users/{id}", 200},
		{"index-two-below", "POST", "/api/a/users", "", "/api/{tenant}/users", 200},
		{"no-route-below", "GET", "/api/a", "", "unmatched", 404},
		{"no-route-two-below", "GET", "/api/a/users/7/b", "", "unmatched", 404},
		{"method-below", "POST", "/api/a/users/7", "", "unmatched", 405},
		{"handler-below", "GET", "/debug/vars", "", "/debug/*", 200},
		{"handler-index", "GET", "/debug", "", "/debug", 200},
		{"instead-of-mount", "GET", "/later", "", "/later", 200},
		{"nothing-mounted", "GET", "/later/a", "", "unmatched", 404},
		{"refused", "GET", "/api/a/users/7", "all", "/api/{tenant}/users/{id}", 401},
		{"refused-below", "GET", "/api/a/users/7", "api", "/api/{tenant}/users/{id}", 401},
		{"refused-nowhere", "GET", "/nowhere", "all", "unmatched", 401},
		{"panic", "GET", "/panic/7", "", "/panic/{id}", 500},
		{"again", "GET", "/again?to=/slash/", "", "/slash/", 200},
		{"again-root", "GET", "/again?to=/", "", "/", 200},
		{"again-below", "GET", "/again?to=/api/a/users/7", "", "/api/{tenant}/users/{id}", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tachotest.New(t, tacho.Options{Methods: []string{"BREW"}})
			r := mounted(middleware.Recoverer, adapter.Middleware(m, chiRoute))
			w := httptest.NewRecorder()
			got := tachotest.Record(t, m, func() {
				req := httptest.NewRequest(c.method, c.path, nil)
				req.Header.Set("Refuse", c.refuse)
				r.ServeHTTP(w, req)
			})
			if w.Code != c.status {
				t.Fatalf("status %d, want %d", w.Code, c.status)
			}
			got.Want(`http_requests_total{method="` + c.method + `",path="` + c.want + `",status="` + strconv.Itoa(c.status) + `"} 1`)
		})
	}
}

// TestChiRouteAgrees: a fast answer is the one that chi's own search has found.
func TestChiRouteAgrees(t *testing.T) {
	r := mounted()
	for _, path := range []string{"/", "/slash/", "/files/a", "/api/files/b", "/api/a/users/7", "/debug/vars", "/later"} {
		var fast, found string
		h := mounted(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				next.ServeHTTP(w, req)
				fast, found = chiRoute(req), r.Find(chi.NewRouteContext(), req.Method, req.URL.Path)
			})
		})
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		if fast != found {
			t.Errorf("%s: %q, and chi finds %q", path, fast, found)
		}
	}
}
