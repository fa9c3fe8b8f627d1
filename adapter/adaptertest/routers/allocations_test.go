//go:build !race

package routers

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// TestAllocations: measuring allocates no more than net/http's writer, of which 32 are allocated at
// a time.
func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		name, path string
		service    func(m *tacho.Meter) http.Handler
	}{
		{"chi", "/users/7", chiService},
		{"chi-mounted", "/api/v1/users/7", chiService},
		{"gorilla", "/users/7", gorillaService},
		{"gorilla-sub", "/api/v1/users/7", gorillaService},
	} {
		t.Run(c.name, func(t *testing.T) {
			bare := allocations(c.service(nil), c.path)
			measured := allocations(c.service(tacho.MustNew(tacho.Options{})), c.path)
			if measured > bare {
				t.Errorf("%v allocations per request, without tacho %v", measured, bare)
			}
		})
	}
}

func chiService(m *tacho.Meter) http.Handler {
	r := chi.NewRouter()
	if m != nil {
		r.Use(adapter.Middleware(m, chiRoute))
	}
	users := func(r chi.Router) { r.Get("/users/{id}", ok) }
	users(r)
	r.Route("/api", func(r chi.Router) { r.Route("/v1", users) })
	return r
}

func gorillaService(m *tacho.Meter) http.Handler {
	r := mux.NewRouter()
	var h http.Handler = r
	if m != nil {
		r.Use(gorillaNamed(m))
		h = adapter.Middleware(m, gorillaRoute(r))(r)
	} else {
		r.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { setVars(r, mux.Vars(r)); next.ServeHTTP(w, r) })
		})
	}
	r.HandleFunc("/users/{id}", ok)
	r.PathPrefix("/api/v1").Subrouter().HandleFunc("/users/{id}", ok)
	return h
}

func allocations(h http.Handler, path string) float64 {
	w := httptest.NewRecorder()
	return testing.AllocsPerRun(500, func() { h.ServeHTTP(w, httptest.NewRequest("GET", path, nil)) })
}
