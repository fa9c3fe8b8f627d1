package routers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/adapter/adaptertest"
)

// chiRoute reports the route that a chi router finds, for adapter.Middleware. Find decides
// as the router does, before the handlers run and after them. Labels that are made of path
// values need these in the request.
func chiRoute(router *chi.Mux) func(*http.Request) string {
	return func(r *http.Request) string {
		found := chi.NewRouteContext()
		pattern := router.Find(found, r.Method, r.URL.Path)
		if pattern == "" {
			return tacho.Unmatched
		}
		for i, name := range found.URLParams.Keys {
			r.SetPathValue(name, found.URLParams.Values[i])
		}
		return pattern
	}
}

// gorillaRoute is the same for gorilla/mux.
func gorillaRoute(router *mux.Router) func(*http.Request) string {
	return func(r *http.Request) string {
		var match mux.RouteMatch
		if !router.Match(r, &match) || match.MatchErr != nil || match.Route == nil {
			return tacho.Unmatched
		}
		template, err := match.Route.GetPathTemplate()
		if err != nil {
			return "" // a route without a path
		}
		setVars(r, match.Vars)
		return template
	}
}

// gorillaVars is a middleware for gorilla/mux: handlers and what tacho.Track puts on them
// see the router's variables by Request.PathValue.
func gorillaVars(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setVars(r, mux.Vars(r))
		next.ServeHTTP(w, r)
	})
}

func setVars(r *http.Request, vars map[string]string) {
	for name, value := range vars {
		r.SetPathValue(name, value)
	}
}

// lacks is what both routers lack.
var lacks = map[adaptertest.Feature]string{
	adaptertest.ListsRoutes: "the middleware does not list the routes",
	adaptertest.Requests:    "handlers see a copy that the router has made, of which nothing comes back",
}

func TestChi(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{
		Lacks:    lacks,
		Template: func(path string) string { return strings.ReplaceAll(path, "{rest...}", "*") },
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			router := chi.NewRouter()
			return start(app, opts, router, chiRoute(router), func(method, path string, h http.Handler) {
				router.Method(method, strings.ReplaceAll(path, "{rest...}", "*"), h)
			})
		},
	})
}

func TestGorilla(t *testing.T) {
	template := func(path string) string { return strings.ReplaceAll(path, "{rest...}", "{rest:.*}") }
	adaptertest.Run(t, adaptertest.Framework{
		Lacks:    lacks,
		Template: template,
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			router := mux.NewRouter()
			router.Use(gorillaVars)
			return start(app, opts, router, gorillaRoute(router), func(method, path string, h http.Handler) {
				router.Handle(template(path), h).Methods(method)
			})
		},
	})
}

// start serves an app on a router.
func start(app adaptertest.App, opts tacho.Options, router http.Handler, route func(*http.Request) string, handle func(method, path string, h http.Handler)) (adaptertest.Service, error) {
	var m *tacho.Meter
	measure := func(h http.Handler) http.Handler { return h }
	if !app.Plain {
		var err error
		if m, err = tacho.New(opts); err != nil {
			return adaptertest.Service{}, err
		}
		measure = adapter.Middleware(m, route)
		handle("GET", m.MetricsPath(), m.Metrics())
	}
	inner := router
	if app.Recovery == adaptertest.RecoveryInside {
		inner = recovering(inner)
	}
	if app.Twice {
		inner = adaptertest.Blind(measure(inner))
	}
	h := measure(inner)
	if app.Recovery == adaptertest.RecoveryOutside || app.Plain && app.Recovery != adaptertest.NoRecovery {
		h = recovering(h)
	}
	for _, r := range app.Routes {
		handle(r.Method, r.Path, adaptertest.OnRoute(m, r, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			c := adaptertest.HTTPCall{W: w, R: request}
			if app.Guard == nil || app.Guard(c) {
				r.Do(c)
			}
		})))
	}
	return app.Serve(h, m)
}

func recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
