package tachofiberv2

import (
	"reflect"
	"slices"
	"strconv"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
)

// A finder finds the route of a request that never reached it: a middleware answered, or no
// middleware of ours stands before the route. It routes with an app of its own that has the same
// routes.
type finder struct {
	once    sync.Once
	handler fasthttp.RequestHandler
	lookups sync.Pool
}

// A lookup is one request to the finder's app.
type lookup struct {
	raw   fasthttp.RequestCtx
	route string
}

type lookupKey struct{}

// find returns the template of the route, or tacho.Unmatched.
func (f *finder) find(app *fiber.App, raw *fasthttp.RequestCtx) string {
	f.once.Do(func() { f.build(app) })
	l := f.lookups.Get().(*lookup)
	defer f.lookups.Put(l)
	l.route = tacho.Unmatched
	l.raw.Request.Header.SetMethodBytes(raw.Method())
	l.raw.Request.URI().SetPathBytes(raw.URI().PathOriginal())
	f.handler(&l.raw)
	return l.route
}

func (f *finder) build(app *fiber.App) {
	own := app.Config()
	mirror := fiber.New(fiber.Config{
		CaseSensitive: own.CaseSensitive, StrictRouting: own.StrictRouting, UnescapePath: own.UnescapePath, RequestMethods: own.RequestMethods,
	})
	for method, routes := range app.Stack() {
		for i, r := range routes {
			if isMiddleware(r) || len(r.Handlers) == 0 {
				continue
			}
			mirror.Add(r.Method, strconv.Itoa(i), func(c *fiber.Ctx) error {
				c.Context().UserValue(lookupKey{}).(*lookup).route = r.Path
				return nil
			})
			last := mirror.Stack()[method][len(mirror.Stack()[method])-1]
			record := last.Handlers
			*last = *r // a path does not tell all: mounted routes differ, and so do constraints
			last.Handlers = record
		}
	}
	mirror.Use(func(*fiber.Ctx) error { return nil })
	f.handler = mirror.Handler()
	f.lookups.New = func() any {
		l := new(lookup)
		l.raw.Init(new(fasthttp.Request), nil, nil)
		l.raw.SetUserValue(lookupKey{}, l)
		return l
	}
}

// listed lists the routes of an app, without the HEAD routes that Fiber adds to those for GET.
func listed(app *fiber.App) []fiber.Route {
	all := app.GetRoutes(true)
	return slices.DeleteFunc(slices.Clone(all), func(r fiber.Route) bool {
		return r.Method == fiber.MethodHead && slices.ContainsFunc(all, func(get fiber.Route) bool {
			return get.Method == fiber.MethodGet && get.Path == r.Path
		})
	})
}

var useField, hasUse = reflect.TypeFor[fiber.Route]().FieldByName("use")

// isMiddleware reports whether a route is one of App.Use, whose path is only a prefix. No method of
// Fiber's tells: Ctx.IsMiddleware, which is new in v3, also holds for a route with several handlers.
func isMiddleware(r *fiber.Route) bool {
	return hasUse && reflect.ValueOf(r).Elem().Field(useField.Index[0]).Bool()
}
