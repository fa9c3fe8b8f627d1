package tachofiberv2_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachofiberv2"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: start, Template: template, Lacks: map[adaptertest.Feature]string{
		adaptertest.Informational: "the fasthttp that Fiber v2 requires sends one status only",
		adaptertest.ClientGone:    "fasthttp gives no signal when a client leaves",
		adaptertest.Handlers:      "a Fiber app is not an http.Handler",
		adaptertest.Deadlines:     "http.ResponseController is for writers of net/http",
		adaptertest.Requests:      "Fiber's handlers do not see an http.Request",
	}})
}

// template writes a path of the suite as Fiber does.
func template(path string) string {
	return strings.ReplaceAll(adaptertest.Colon(path), "*rest", "*")
}

// start builds the app as a Fiber user would.
func start(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	// With a limit below that of most bodies, Fiber calls handlers before a body has arrived.
	f := fiber.New(fiber.Config{StreamRequestBody: true, BodyLimit: 4, StrictRouting: true, ReadBufferSize: 32 << 10})
	if app.Recovery == adaptertest.RecoveryOutside {
		f.Use(recover.New())
	}
	var m *tacho.Meter
	register := func(early bool) {
		for _, route := range app.Routes {
			if route.Early == early {
				handle(f, m, route)
			}
		}
	}
	register(true)
	if !app.Plain {
		m = tachofiberv2.Use(f, opts)
	}
	if app.Twice && m != nil {
		f.Use("/*", tachofiberv2.Middleware(m))
	}
	if app.Recovery == adaptertest.RecoveryInside {
		f.Use(recover.New())
	}
	if app.Guard != nil {
		f.Use(func(c *fiber.Ctx) error {
			passed := false
			err := run(c, func(in adaptertest.Call) { passed = app.Guard(in) })
			if passed {
				err = c.Next()
			}
			return err
		})
	}
	register(false)
	f.Handler() // prepares the routes, as Listen does
	return adaptertest.ServeConns(f.Server().ServeConn, m)
}

func handle(f *fiber.App, m *tacho.Meter, route adaptertest.Route) {
	handlers := append(onRoute(m, route), func(c *fiber.Ctx) error { return run(c, route.Do) })
	path := strings.TrimPrefix(route.Path, route.Group)
	f.Group(template(route.Group)).Add(route.Method, template(path), handlers...)
}

// onRoute is what is put on a route.
func onRoute(m *tacho.Meter, r adaptertest.Route) (all []fiber.Handler) {
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		all = append(all, tachofiberv2.ExcludeAll(m))
	}
	if r.DoNotTrack {
		all = append(all, tachofiberv2.DoNotTrack(m))
	}
	if r.Track != nil {
		all = append(all, tachofiberv2.Track(r.Track(m)...))
	}
	return all
}

// run calls a handler of the suite.
func run(c *fiber.Ctx, do func(adaptertest.Call)) (err error) {
	raw := c.Context()
	adaptertest.LateResponse{
		Context:   c.Context(),
		Body:      body(c),
		SetHeader: func(key, value string) { c.Set(key, value) },
		SetStatus: func(status int) { c.Status(status) },
		SetBody:   raw.Response.SetBody,
		SetStream: func(body io.Reader) { err = c.SendStream(body) },
		Hijack: func(use func(net.Conn)) {
			raw.HijackSetNoResponse(true)
			raw.Hijack(use)
		},
		Redispatch: func(path string) {
			c.Path(path)
			err = c.RestartRouting()
		},
	}.Serve(do)
	return err
}

// body is a request's body as it comes, where Fiber streams it.
func body(c *fiber.Ctx) io.Reader {
	if stream := c.Request().BodyStream(); stream != nil {
		return stream
	}
	return bytes.NewReader(c.Body())
}
