package adapter

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// A Route is an entry in a router's list of routes.
type Route struct {
	Method, Path string // the method may be AnyMethod
	Handler      string // its name, for messages; may be ""
	Shadows      bool   // requests to the endpoint's path would reach this route
}

// AnyMethod is the Method of a Route that matches every method. It starts at zero for those of HTTP.
const AnyMethod = "*"

var methods = [...]string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

// A Setup is what an adapter's Use function needs in addition to the middleware: the Meter, its
// endpoint, and the routes of a router that can list them.
type Setup struct {
	Meter    *tacho.Meter
	Endpoint http.Handler // to be mounted at Meter.MetricsPath for GET

	routes func() []Route
	early  []Route
	listed sync.Once
}

// SetUp makes a Meter for a router. name is the adapter's name, for messages. list returns the
// registered routes of the router, and as converts one of them. A * in a path matches the rest of
// it.
//
// Like the methods of most routers, it panics on misuse: on options that tacho.New refuses, and if
// the endpoint's path is taken. It is for routers that run middleware only for routes that are
// registered later: existing routes are not measured, and the log lists them.
func SetUp[S ~[]R, R any](name string, opts tacho.Options, list func() S, as func(R) Route) *Setup {
	s := setUp(name, opts, list, as, catches)
	e := engine.Of(s.Meter)
	s.early = slices.DeleteFunc(s.routes(), func(r Route) bool { return e.Excludes(r.Method, r.Path) })
	warn(name, cmp.Or(opts.Logger, slog.Default()), s.early)
	return s
}

// SetUpAnytime is [SetUp] for routers that run a middleware for every request, whenever its route
// was registered, and prefer the endpoint to a * in a path. All routes are measured, and it panics
// only if a route has the endpoint's very path, or Shadows it.
func SetUpAnytime[S ~[]R, R any](name string, opts tacho.Options, list func() S, as func(R) Route) *Setup {
	return setUp(name, opts, list, as, func(template, path string) bool { return template == path })
}

func setUp[S ~[]R, R any](name string, opts tacho.Options, list func() S, as func(R) Route, conflict func(template, path string) bool) *Setup {
	routes := func() (all []Route) {
		for _, r := range list() {
			all = append(all, as(r))
		}
		return all
	}
	mustBeFree(name, routes(), cmp.Or(opts.Endpoint.Path, "/metrics"), conflict)
	s := &Setup{Meter: tacho.MustNew(opts), routes: routes}
	s.Endpoint = s.Meter.Metrics()
	return s
}

// catches reports whether a path has this template, or lies below its *.
func catches(template, path string) bool {
	prefix, _, catchAll := strings.Cut(template, "*")
	return template == path || catchAll && strings.HasPrefix(path, prefix)
}

// mustBeFree panics if the endpoint cannot be mounted. The router's own panic does not name the
// other handler.
func mustBeFree(name string, routes []Route, path string, conflict func(template, path string) bool) {
	for _, r := range routes {
		if r.Method == http.MethodGet && (r.Shadows || conflict(r.Path, path)) {
			handler := ""
			if r.Handler != "" {
				handler = ", with the handler " + r.Handler
			}
			panic(fmt.Sprintf("%s: Use mounts the metrics endpoint at GET %s, but GET %s is there already%s; "+
				"remove that route, register it after Use, or set Options.Endpoint.Path to a path of its own", name, path, r.Path, handler))
		}
	}
}

// warn lists the routes that will not be measured.
func warn(name string, log *slog.Logger, early []Route) {
	if len(early) == 0 {
		return
	}
	var names []string
	for _, r := range early {
		names = append(names, r.Method+" "+r.Path)
	}
	log.Warn(name+": routes that were registered before Use are not measured; call Use first", "routes", strings.Join(names, ", "))
}

// Serving exports the router's measured routes at zero. Call it for each request: all routes are
// registered before the first one.
func (s *Setup) Serving() { s.listed.Do(s.expect) }

func (s *Setup) expect() {
	e := engine.Of(s.Meter)
	for _, r := range s.routes() {
		unmeasured := func(early Route) bool { return early.Method == r.Method && early.Path == r.Path }
		if slices.ContainsFunc(s.early, unmeasured) {
			continue
		}
		if r.Method != AnyMethod {
			e.Store.Expect(r.Method, r.Path)
			continue
		}
		for _, method := range methods {
			e.Store.Expect(method, r.Path)
		}
	}
}

// Answers reports whether the endpoint should answer a request for which the router found no route:
// HEAD and OPTIONS, because only GET is mounted. Routes for these could conflict with the service's
// own.
func (s *Setup) Answers(r *http.Request) bool { return s.AnswersFor(r.Method, r.URL.Path) }

// AnswersFor is [Setup.Answers] for frameworks that are not built on net/http.
func (s *Setup) AnswersFor(method, path string) bool {
	return path == s.Meter.MetricsPath() && (method == http.MethodHead || method == http.MethodOptions)
}
