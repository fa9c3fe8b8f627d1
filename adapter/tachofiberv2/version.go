package tachofiberv2

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/fiberapp"
	"github.com/tacho-go/tacho/internal/routefinder"
)

// version is this version of Fiber.
var version = fiberapp.Fiber[*fiber.Ctx, *fiber.App, *fasthttp.RequestCtx]{
	Raw: (*fiber.Ctx).Context,
	App: (*fiber.Ctx).App,
	Route: func(c *fiber.Ctx) (path string, middleware bool) {
		r := c.Route()
		return r.Path, isMiddleware(r)
	},
	Params:      func(c *fiber.Ctx) []string { return c.Route().Params },
	HandleError: (*fiber.App).ErrorHandler,
	Mirror:      mirror,
	Parts:       parts,
	TimedOut:    timedOut,
	NewRaw: func() *fasthttp.RequestCtx {
		raw := new(fasthttp.RequestCtx)
		raw.Init(new(fasthttp.Request), nil, nil)
		return raw
	},
	Readdress: func(to, from *fasthttp.RequestCtx) {
		to.Request.Header.SetMethodBytes(from.Method())
		to.Request.URI().SetPathBytes(from.URI().PathOriginal())
	},
}

var (
	isMiddleware = fiberapp.IsMiddleware[fiber.Route]()
	requestBody  = adapter.BodyField[fasthttp.Request]("bodyStream")
	responseBody = adapter.BodyField[fasthttp.Response]("bodyStream")
)

func parts(raw *fasthttp.RequestCtx) adapter.FastHTTPParts {
	return adapter.FastHTTPParts{
		Raw: raw, Request: &raw.Request, RequestHead: &raw.Request.Header, Response: &raw.Response, ResponseHead: &raw.Response.Header,
		RequestStream: requestBody(&raw.Request), ResponseStream: responseBody(&raw.Response),
	}
}

// timedOut returns the response of a timeout, nil if there is none.
func timedOut(raw *fasthttp.RequestCtx) adapter.FastHTTPResponse {
	if late := raw.LastTimeoutErrorResponse(); late != nil {
		return late
	}
	return nil
}

// mirror returns the handler of an app with the same routes, which only report themselves.
func mirror(app *fiber.App) func(*fasthttp.RequestCtx) {
	own := app.Config()
	m := fiber.New(fiber.Config{
		CaseSensitive: own.CaseSensitive, StrictRouting: own.StrictRouting, UnescapePath: own.UnescapePath, RequestMethods: own.RequestMethods,
	})
	for method, routes := range app.Stack() {
		for i, r := range routes {
			if isMiddleware(r) || len(r.Handlers) == 0 {
				continue
			}
			m.Add(r.Method, strconv.Itoa(i), func(c *fiber.Ctx) error {
				routefinder.Report(c.Context(), r.Path)
				return nil
			})
			last := m.Stack()[method][len(m.Stack()[method])-1]
			report := last.Handlers
			*last = *r // a path does not tell all: mounted routes differ, and so do constraints
			last.Handlers = report
		}
	}
	m.Use(func(*fiber.Ctx) error { return nil })
	return m.Handler()
}
