package tachofasthttp

import (
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/routefinder"
)

// A finder finds the route of a request with routers of its own that have the same routes. The
// service's router would report it only for routes that are registered after SaveMatchedRoutePath
// is set, only to their handlers, and with an allocation.
type finder struct {
	router  *router.Router
	built   sync.Once
	exact   *router.Router // the routes of one method
	all     *router.Router // and those of any method
	lookups routefinder.Finder[*fasthttp.RequestCtx]
}

func finderOf(r *router.Router) *finder {
	f := &finder{router: r}
	f.lookups.New = func() *fasthttp.RequestCtx {
		own := new(fasthttp.RequestCtx)
		own.Init(new(fasthttp.Request), nil, nil)
		return own
	}
	return f
}

// find returns the template of the route, or tacho.Unmatched.
func (f *finder) find(ctx *fasthttp.RequestCtx) string {
	f.built.Do(f.build)
	return f.lookups.Find(func(own *fasthttp.RequestCtx) {
		method, path := text(ctx.Method()), text(ctx.URI().PathOriginal())
		if found, _ := f.exact.Lookup(method, path, nil); found != nil {
			found(own)
		} else if f.all != nil { // the router may redirect before it looks there
			own.Request.Header.SetMethod(method)
			own.Request.URI().SetPath(path)
			f.all.Handler(own)
		}
	})
}

func (f *finder) build() {
	f.exact = f.mirror(func(method string) bool { return method != router.MethodWild })
	if len(f.router.List()[router.MethodWild]) > 0 {
		f.all = f.mirror(func(string) bool { return true })
	}
}

// mirror makes a router with the routes of some methods, which only report themselves.
func (f *finder) mirror(of func(method string) bool) *router.Router {
	m := router.New()
	m.RedirectTrailingSlash, m.RedirectFixedPath = f.router.RedirectTrailingSlash, f.router.RedirectFixedPath
	m.HandleMethodNotAllowed, m.HandleOPTIONS = false, false
	m.NotFound = func(*fasthttp.RequestCtx) {}
	m.Mutable(true) // as some routers are: the last of the same path counts
	for method, paths := range f.router.List() {
		if !of(method) {
			continue
		}
		for _, path := range paths {
			m.Handle(method, path, func(ctx *fasthttp.RequestCtx) { routefinder.Report(ctx, path) })
		}
	}
	return m
}

// listed lists the routes of a router.
func listed(r *router.Router) (all []adapter.Route) {
	for method, paths := range r.List() {
		if method == router.MethodWild {
			method = adapter.AnyMethod
		}
		for _, path := range paths {
			all = append(all, adapter.Route{Method: method, Path: path})
		}
	}
	slices.SortFunc(all, func(a, b adapter.Route) int { return strings.Compare(a.Method+" "+a.Path, b.Method+" "+b.Path) })
	return all
}

// text is a string in the memory of b.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
