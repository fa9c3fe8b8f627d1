package tachogin

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
)

// Use measures every route of the engine that is registered later, and mounts the
// metrics endpoint at Options.MetricsPath for GET; HEAD and OPTIONS are answered
// there as well unless the engine has routes for them. Like gin.Engine's own
// methods it panics when it is used wrongly: on options that tacho.New refuses,
// and when the endpoint's path is taken.
//
// Use it before the routes are registered: Gin runs a middleware only for the
// routes that come after it. Routes that are there already are not measured; the
// log lists them.
func Use(r *gin.Engine, opts tacho.Options) *tacho.Meter {
	early := r.Routes()
	mustBeFree(early, cmp.Or(opts.MetricsPath, "/metrics"))
	m := tacho.MustNew(opts)
	early = slices.DeleteFunc(early, func(route gin.RouteInfo) bool { return excludes(m, route) })
	warn(cmp.Or(opts.Logger, slog.Default()), early)
	measure, endpoint := Middleware(m), m.Metrics()
	var listed sync.Once
	r.Use(func(c *gin.Context) {
		// By the first request, all routes are registered.
		listed.Do(func() { expect(m, r.Routes(), early) })
		if c.FullPath() == "" && c.Request.URL.Path == m.MetricsPath() && answers(endpoint, c) {
			return
		}
		measure(c)
	})
	r.GET(m.MetricsPath(), gin.WrapH(endpoint))
	return m
}

// mustBeFree panics if Gin could not mount the endpoint. Gin's own panic does not
// name the other handler.
func mustBeFree(routes gin.RoutesInfo, path string) {
	for _, route := range routes {
		prefix, _, catchAll := strings.Cut(route.Path, "*")
		if route.Method == http.MethodGet && (route.Path == path || catchAll && strings.HasPrefix(path, prefix)) {
			panic(fmt.Sprintf("tachogin: Use mounts the metrics endpoint at GET %s, but GET %s is there already, with the handler %s; "+
				"remove that route, register it after Use, or set Options.MetricsPath to a path of its own", path, route.Path, route.Handler))
		}
	}
}

// excludes reports whether requests of a route would not be measured anyway.
func excludes(m *tacho.Meter, route gin.RouteInfo) bool {
	var x tacho.Exchange
	if !m.Begin(&x, route.Method, route.Path) {
		return true
	}
	x.Exclude()
	m.End(&x)
	return false
}

// warn lists the routes that will not be measured.
func warn(log *slog.Logger, early gin.RoutesInfo) {
	if len(early) == 0 {
		return
	}
	var names []string
	for _, route := range early {
		names = append(names, route.Method+" "+route.Path)
	}
	log.Warn("tachogin: routes that were registered before Use are not measured; call Use first", "routes", strings.Join(names, ", "))
}

// expect shows the routes at zero, but for those that will not be measured: their
// zeros would be false.
func expect(m *tacho.Meter, routes, early gin.RoutesInfo) {
	for _, route := range routes {
		unmeasured := func(e gin.RouteInfo) bool { return e.Method == route.Method && e.Path == route.Path }
		if !slices.ContainsFunc(early, unmeasured) {
			m.Expect(route.Method, route.Path)
		}
	}
}

// answers answers HEAD and OPTIONS at the endpoint's path, where Gin has found no
// route. Routes of their own would be in the way of the service's, such as
// r.OPTIONS("/*any", cors).
func answers(endpoint http.Handler, c *gin.Context) bool {
	if c.Request.Method != http.MethodHead && c.Request.Method != http.MethodOptions {
		return false
	}
	c.Abort()
	c.Status(http.StatusOK)
	c.Writer.Header().Del("Allow") // Gin's, with HandleMethodNotAllowed
	endpoint.ServeHTTP(c.Writer, c.Request)
	c.Writer.WriteHeaderNow()
	return true
}
