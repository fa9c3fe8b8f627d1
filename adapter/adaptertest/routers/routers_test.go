package routers

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/adapter/adaptertest"
)

// chiRoute reports the route that a chi router has found, for adapter.Middleware in its chain.
func chiRoute(r *http.Request) string {
	c := chi.RouteContext(r.Context())
	return adapter.ChiRoute(c.RoutePatterns, c.RoutePath, func() string {
		return c.Routes.Find(chi.NewRouteContext(), r.Method, r.URL.Path)
	})
}

// gorillaRoute reports the route that a gorilla/mux router finds, for adapter.Middleware around it:
// its own middleware does not run for 404 and 405. It is asked for requests that gorillaNamed has
// not seen.
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

// gorillaNamed is a middleware for gorilla/mux: it names the route, which gorilla/mux reports to its
// handlers only, so that nothing is routed a second time. Handlers, and what tacho.Track puts on
// them, see the router's variables by Request.PathValue.
func gorillaNamed(m *tacho.Meter) mux.MiddlewareFunc {
	recorder := adapter.Of(m)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			setVars(r, mux.Vars(r))
			if x := recorder.Enclosing(w, r.Context()); x != nil {
				if template, err := mux.CurrentRoute(r).GetPathTemplate(); err == nil {
					x.SetRouteIn(r, template)
				}
			}
			next.ServeHTTP(w, r)
		})
	}
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
	template := func(path string) string { return strings.ReplaceAll(path, "{rest...}", "*") }
	adaptertest.Run(t, adaptertest.Framework{
		Lacks:    lacks,
		Template: template,
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			m, err := meter(app, opts)
			if err != nil {
				return adaptertest.Service{}, err
			}
			router := chi.NewRouter()
			if m != nil {
				router.Use(chain(app, adapter.Middleware(m, chiRoute))...)
			} else {
				router.Use(chain(app, nil)...)
			}
			register(app, m, func(method, path string, h http.Handler) { router.Method(method, template(path), h) })
			return app.Serve(router, m)
		},
	})
}

func TestGorilla(t *testing.T) {
	template := func(path string) string { return strings.ReplaceAll(path, "{rest...}", "{rest:.*}") }
	adaptertest.Run(t, adaptertest.Framework{
		Lacks:    lacks,
		Template: template,
		Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
			m, err := meter(app, opts)
			if err != nil {
				return adaptertest.Service{}, err
			}
			router := mux.NewRouter()
			var h http.Handler = router
			var measure func(http.Handler) http.Handler
			if m != nil {
				router.Use(gorillaNamed(m))
				measure = adapter.Middleware(m, gorillaRoute(router))
			}
			for _, wrap := range slices.Backward(chain(app, measure)) {
				h = wrap(h)
			}
			register(app, m, func(method, path string, h http.Handler) { router.Handle(template(path), h).Methods(method) })
			return app.Serve(h, m)
		},
	})
}

// meter makes the app's Meter, nil for a plain app.
func meter(app adaptertest.App, opts tacho.Options) (*tacho.Meter, error) {
	if app.Plain {
		return nil, nil
	}
	return tacho.New(opts)
}

// chain is the middlewares of the app, the outermost first.
func chain(app adaptertest.App, measure func(http.Handler) http.Handler) (all []func(http.Handler) http.Handler) {
	if app.Recovery == adaptertest.RecoveryOutside {
		all = append(all, recovering)
	}
	if measure != nil {
		all = append(all, measure)
	}
	if measure != nil && app.Twice {
		all = append(all, adaptertest.Blind, measure)
	}
	if app.Recovery == adaptertest.RecoveryInside {
		all = append(all, recovering)
	}
	return all
}

// register registers the app's routes and the endpoint.
func register(app adaptertest.App, m *tacho.Meter, handle func(method, path string, h http.Handler)) {
	if m != nil {
		handle("GET", m.MetricsPath(), m.Metrics())
	}
	for _, r := range app.Routes {
		handle(r.Method, r.Path, adaptertest.OnRoute(m, r, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			c := adaptertest.HTTPCall{W: w, R: request}
			if app.Guard == nil || app.Guard(c) {
				r.Do(c)
			}
		})))
	}
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
