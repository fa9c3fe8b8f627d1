package tachofasthttp_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachofasthttp"
)

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: start, Template: template, Lacks: map[adaptertest.Feature]string{
		adaptertest.ClientGone: "fasthttp gives no signal when a client leaves",
		adaptertest.Handlers:   "a fasthttp server is not an http.Handler",
		adaptertest.Deadlines:  "http.ResponseController is for writers of net/http",
		adaptertest.Requests:   "fasthttp's handlers do not see an http.Request",
	}})
}

// template writes a path of the suite as the router does.
func template(path string) string { return strings.ReplaceAll(path, "...}", ":*}") }

// start builds the app as a user of fasthttp/router would.
func start(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	r := router.New()
	// With a limit below that of most bodies, fasthttp calls handlers before a body has arrived.
	s := &fasthttp.Server{Handler: r.Handler, StreamRequestBody: true, MaxRequestBodySize: 4, ReadBufferSize: 32 << 10, Logger: quiet{}}
	if app.Recovery == adaptertest.RecoveryOutside {
		r.PanicHandler = func(ctx *fasthttp.RequestCtx, _ any) { ctx.SetStatusCode(fasthttp.StatusInternalServerError) }
	}
	if app.Guard != nil {
		s.Handler = guarded(app.Guard, s, r)
	}
	var m *tacho.Meter
	register := func(early bool) {
		for _, route := range app.Routes {
			if route.Early == early {
				handler := func(ctx *fasthttp.RequestCtx) { run(ctx, s, route.Do) }
				if app.Recovery == adaptertest.RecoveryInside {
					handler = recovering(handler)
				}
				handle(r, route, onRoute(m, route, handler))
			}
		}
	}
	register(true)
	if app.Twice && !app.Plain {
		inner, later := s.Handler, fasthttp.RequestHandler(nil)
		s.Handler = func(ctx *fasthttp.RequestCtx) { later(ctx) }
		m = tachofasthttp.Use(s, r, opts)
		later = tachofasthttp.Middleware(m, tachofasthttp.Routes(r))(inner)
	} else if !app.Plain {
		m = tachofasthttp.Use(s, r, opts)
	}
	register(false)
	return adaptertest.ServeConns(s.ServeConn, m)
}

// quiet is a Logger.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

func handle(r *router.Router, route adaptertest.Route, h fasthttp.RequestHandler) {
	method, path := route.Method, template(route.Path)
	if method == "" {
		method = fasthttp.MethodGet
	}
	if route.Group == "" {
		r.Handle(method, path, h)
		return
	}
	group := template(route.Group)
	r.Group(group).Handle(method, strings.TrimPrefix(path, group), h)
}

// onRoute is a handler with what is put on its route.
func onRoute(m *tacho.Meter, r adaptertest.Route, h fasthttp.RequestHandler) fasthttp.RequestHandler {
	if m == nil {
		return h
	}
	if r.Track != nil {
		h = tachofasthttp.Track(r.Track(m)...)(h)
	}
	if r.DoNotTrack {
		h = tachofasthttp.DoNotTrack(m)(h)
	}
	if r.ExcludeAll {
		h = tachofasthttp.ExcludeAll(m)(h)
	}
	return h
}

func guarded(passes func(adaptertest.Call) bool, s *fasthttp.Server, r *router.Router) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		passed := false
		run(ctx, s, func(in adaptertest.Call) { passed = passes(in) })
		if passed {
			r.Handler(ctx)
		}
	}
}

func recovering(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if recover() != nil {
				ctx.SetStatusCode(fasthttp.StatusInternalServerError)
			}
		}()
		next(ctx)
	}
}

// run calls a handler of the suite.
func run(ctx *fasthttp.RequestCtx, s *fasthttp.Server, do func(adaptertest.Call)) {
	adaptertest.LateResponse{
		Context:    ctx,
		Body:       body(ctx),
		SetHeader:  ctx.Response.Header.Set,
		SetStatus:  ctx.SetStatusCode,
		SetBody:    ctx.Response.SetBody,
		SetStream:  func(body io.Reader) { ctx.SetBodyStream(body, -1) },
		EarlyHints: func() { ctx.Response.Header.Set("Link", "</x>; rel=preload"); _ = ctx.EarlyHints() },
		Hijack: func(use func(net.Conn)) {
			ctx.HijackSetNoResponse(true)
			ctx.Hijack(use)
		},
		Redispatch: func(path string) {
			ctx.Request.SetRequestURI(path)
			s.Handler(ctx)
		},
	}.Serve(do)
}

// body is a request's body as it comes, where fasthttp streams it.
func body(ctx *fasthttp.RequestCtx) io.Reader {
	if stream := ctx.RequestBodyStream(); stream != nil {
		return stream
	}
	return bytes.NewReader(ctx.PostBody())
}
