package tachogin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachogin"
)

func init() {
	gin.SetMode(gin.TestMode)
	gin.DefaultErrorWriter = io.Discard
}

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: start, Template: adaptertest.Colon})
}

// start builds the app as a Gin user would.
func start(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	r := gin.New()
	if app.Recovery == adaptertest.RecoveryOutside {
		r.Use(gin.Recovery())
	}
	var m *tacho.Meter
	register := func(early bool) {
		for _, route := range app.Routes {
			if route.Early == early {
				handle(r, m, route)
			}
		}
	}
	register(true)
	if !app.Plain {
		m = tachogin.Use(r, opts)
	}
	if app.Twice && m != nil {
		r.Use(func(c *gin.Context) { c.Writer = replacedWriter{c.Writer} }, tachogin.Middleware(m))
	}
	if app.Recovery == adaptertest.RecoveryInside {
		r.Use(gin.Recovery())
	}
	if app.Guard != nil {
		r.Use(func(c *gin.Context) {
			if !app.Guard(call{c, r}) {
				c.Abort()
			}
		})
	}
	register(false)
	return app.Serve(r, m)
}

func handle(r *gin.Engine, m *tacho.Meter, route adaptertest.Route) {
	group := r.Group(adaptertest.Colon(route.Group))
	path := strings.TrimPrefix(route.Path, route.Group)
	group.Handle(route.Method, adaptertest.Colon(path), append(onRoute(m, route), func(c *gin.Context) { route.Do(call{c, r}) })...)
}

// onRoute is what is put on a route.
func onRoute(m *tacho.Meter, r adaptertest.Route) (all []gin.HandlerFunc) {
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		all = append(all, tachogin.ExcludeAll(m))
	}
	if r.DoNotTrack {
		all = append(all, tachogin.DoNotTrack(m))
	}
	if r.Track != nil {
		all = append(all, tachogin.Track(r.Track(m)...))
	}
	return all
}

// call is a Gin handler's request, used the way Gin handlers use it.
type call struct {
	c      *gin.Context
	engine *gin.Engine
}

func (c call) Request() *http.Request { return c.c.Request }

// Redispatch hands the request to the engine again, the way Gin users do.
func (c call) Redispatch(path string) {
	c.c.Request.URL.Path = path
	c.engine.HandleContext(c.c)
}

func (c call) Context() context.Context    { return c.c.Request.Context() }
func (c call) Body() io.Reader             { return c.c.Request.Body }
func (c call) SetHeader(key, value string) { c.c.Header(key, value) }
func (c call) WriteHeader(status int)      { c.c.Status(status) }
func (c call) Write(p []byte) (int, error) { return c.c.Writer.Write(p) }
func (c call) Flush()                      { c.c.Writer.Flush() }
func (c call) Hijack() (net.Conn, error) {
	conn, _, err := c.c.Writer.Hijack()
	return conn, err
}
func (c call) Controller() *http.ResponseController { return http.NewResponseController(c.c.Writer) }
