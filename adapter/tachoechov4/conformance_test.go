package tachoechov4_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachoechov4"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: start, Template: template})
}

// template writes a path of the suite as Echo does, whose * has no name.
func template(path string) string {
	before, _, _ := strings.Cut(adaptertest.Colon(path), "*")
	if before != adaptertest.Colon(path) {
		return before + "*"
	}
	return before
}

// quiet is a new Echo that logs nothing.
func quiet() *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	return e
}

// start builds the app as an Echo user would.
func start(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	e := quiet()
	if app.Recovery == adaptertest.RecoveryOutside {
		e.Pre(middleware.Recover())
	}
	var m *tacho.Meter
	register := func(early bool) {
		for _, route := range app.Routes {
			if route.Early == early {
				handle(e, m, route)
			}
		}
	}
	register(true)
	if !app.Plain {
		m = tachoechov4.Use(e, opts)
	}
	if app.Twice && m != nil {
		e.Use(blind, tachoechov4.Middleware(m))
	}
	if app.Recovery == adaptertest.RecoveryInside {
		e.Use(middleware.Recover())
	}
	if app.Guard != nil {
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if !app.Guard(call{c}) {
					return nil
				}
				return next(c)
			}
		})
	}
	register(false)
	return app.Serve(e, m)
}

// blind is a middleware whose writer hides the one underneath.
func blind(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Writer = struct{ http.ResponseWriter }{c.Response().Writer}
		return next(c)
	}
}

func handle(e *echo.Echo, m *tacho.Meter, route adaptertest.Route) {
	group := e.Group(template(route.Group))
	path := strings.TrimPrefix(route.Path, route.Group)
	group.Add(route.Method, template(path), func(c echo.Context) error {
		route.Do(call{c})
		return nil
	}, onRoute(m, route)...)
}

// onRoute is what is put on a route.
func onRoute(m *tacho.Meter, r adaptertest.Route) (all []echo.MiddlewareFunc) {
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		all = append(all, tachoechov4.ExcludeAll(m))
	}
	if r.DoNotTrack {
		all = append(all, tachoechov4.DoNotTrack(m))
	}
	if r.Track != nil {
		all = append(all, tachoechov4.Track(r.Track(m)...))
	}
	return all
}

// call is an Echo handler's request, used the way Echo handlers use it.
type call struct{ c echo.Context }

func (c call) Request() *http.Request { return c.c.Request() }

// Redispatch hands the request to the Echo again.
func (c call) Redispatch(path string) {
	c.c.Request().URL.Path = path
	c.c.Echo().ServeHTTP(c.c.Response(), c.c.Request())
}

// WriteHeader sends an informational status past Echo's Response, which takes the first status for
// the final one.
func (c call) WriteHeader(status int) {
	if status < http.StatusOK {
		c.c.Response().Writer.WriteHeader(status)
		return
	}
	c.c.Response().WriteHeader(status)
}

func (c call) Context() context.Context    { return c.c.Request().Context() }
func (c call) Body() io.Reader             { return c.c.Request().Body }
func (c call) SetHeader(key, value string) { c.c.Response().Header().Set(key, value) }
func (c call) Write(p []byte) (int, error) { return c.c.Response().Write(p) }
func (c call) Flush()                      { _ = http.NewResponseController(c.c.Response()).Flush() }
func (c call) Hijack() (net.Conn, error) {
	conn, _, err := http.NewResponseController(c.c.Response()).Hijack()
	return conn, err
}
func (c call) Controller() *http.ResponseController {
	return http.NewResponseController(c.c.Response())
}
