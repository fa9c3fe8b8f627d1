package tachohertz

import (
	"context"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/tracer/stats"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// Refused is an option for server.New and server.Default. With it, [Use] also counts the requests
// that Hertz answers before any middleware: redirects of trailing slashes and fixed paths, requests
// that are too large (413, 431) and bytes that are not HTTP (400). Their route is "unmatched".
//
// It turns on Hertz's tracing, without its events unless another tracer comes first. An engine that
// has a tracer needs no Refused.
func Refused() config.Option {
	return config.Option{F: func(o *config.Options) {
		if len(o.Tracers) == 0 {
			server.WithTraceLevel(stats.LevelDisabled).F(o)
		}
		server.WithTracer(enabling{}).F(o)
	}}
}

// enabling makes an engine call tracers.
type enabling struct{}

func (enabling) Start(ctx context.Context, _ *app.RequestContext) context.Context { return ctx }
func (enabling) Finish(context.Context, *app.RequestContext)                      {}

// refusals is the tracer of an engine with Use.
type refusals struct{ *outside }

func (refusals) Start(ctx context.Context, c *app.RequestContext) context.Context {
	requestOf(c).reached = false
	return ctx
}

// Finish records a request that was answered, but never reached the chain. A connection that ends
// without one has no status of its own, and a route that was registered too early has a path.
func (t refusals) Finish(_ context.Context, c *app.RequestContext) {
	r, status := requestOf(c), c.Response.StatusCode()
	if r.reached || c.FullPath() != "" || status < 300 {
		return
	}
	r.reached = true
	r.Describe(nil, nil)
	if len(c.Request.Header.RawHeaders()) > 0 { // else Hertz has defaults
		r.Describe(c.Method(), c.Path())
	}
	r.ctx = context.Background()
	if call := t.layer.Enter(r.ctx, &r.Stack, r.Method, r.Path, r); call != nil {
		call.Leave(adapter.Outcome{Route: tacho.Unmatched, Status: status, BytesIn: -1, BytesOut: int64(len(c.Response.BodyBytes()))})
	}
}
