package tachohertz_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/middlewares/server/recovery"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/network"
	"github.com/cloudwego/hertz/pkg/network/standard"
	"github.com/cloudwego/hertz/pkg/protocol/http1/resp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachohertz"
)

func init() { hlog.SetOutput(io.Discard) }

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: start, Template: adaptertest.Colon, Lacks: map[adaptertest.Feature]string{
		adaptertest.Informational: "Hertz has no means to send a 1xx status but its own 100",
		adaptertest.Handlers:      "a Hertz engine is not an http.Handler",
		adaptertest.Deadlines:     "http.ResponseController is for writers of net/http",
		adaptertest.Requests:      "Hertz's handlers do not see an http.Request",
	}})
}

// TestLateStreams: what goes on when the handlers have returned is a stream as well.
func TestLateStreams(t *testing.T) {
	for _, c := range adaptertest.Cases() {
		if !strings.HasPrefix(c.Name, "stream-") && !strings.HasPrefix(c.Name, "size-") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			fw := adaptertest.Framework{Template: adaptertest.Colon, Start: func(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
				return startWith(app, opts, late)
			}}
			if err := adaptertest.Check(fw, c); err != nil {
				t.Errorf("rule: %s\n%v", c.Rule, err)
			}
		})
	}
}

// answering calls a handler of the suite.
type answering func(context.Context, *app.RequestContext, *server.Hertz, func(adaptertest.Call))

func inTime(ctx context.Context, c *app.RequestContext, h *server.Hertz, do func(adaptertest.Call)) {
	do(&call{ctx: ctx, c: c, h: h})
}

// late answers with streams and functions that go on when the handler has returned.
func late(ctx context.Context, c *app.RequestContext, _ *server.Hertz, do func(adaptertest.Call)) {
	adaptertest.LateResponse{
		Context:   ctx,
		Body:      body(c),
		SetHeader: c.Header,
		SetStatus: c.SetStatusCode,
		SetBody:   c.Response.SetBody,
		SetStream: func(body io.Reader) { c.SetBodyStream(body, -1) },
		Hijack: func(use func(net.Conn)) {
			c.Response.HijackWriter(silent{})
			c.Hijack(func(conn network.Conn) { use(conn) })
		},
	}.Serve(do)
}

func start(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	return startWith(app, opts, inTime)
}

// startWith builds the app as a Hertz user would.
func startWith(of adaptertest.App, opts tacho.Options, answer answering) (adaptertest.Service, error) {
	// With a limit below that of most bodies, Hertz calls handlers before a body has arrived.
	h, listener := engine(server.WithStreamBody(true), server.WithMaxRequestBodySize(4))
	if of.Recovery == adaptertest.RecoveryOutside {
		h.Use(recovery.Recovery())
	}
	var m *tacho.Meter
	register := func(early bool) {
		for _, route := range of.Routes {
			if route.Early == early {
				handle(h, m, route, answer)
			}
		}
	}
	register(true)
	if !of.Plain {
		m = tachohertz.Use(h, opts)
	}
	h.Handlers = slices.Concat([]app.HandlerFunc{survive}, h.Handlers)
	if of.Twice && m != nil {
		h.Use(tachohertz.Middleware(m))
	}
	if of.Recovery == adaptertest.RecoveryInside {
		h.Use(recovery.Recovery())
	}
	if of.Guard != nil {
		h.Use(guard(of.Guard))
	}
	register(false)
	return adaptertest.Service{URL: "http://" + listener.Addr().String(), Meter: m, Stop: run(h)}, nil
}

// engine makes an engine on a free loopback port.
func engine(opts ...config.Option) (*server.Hertz, net.Listener) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return server.New(append([]config.Option{
		server.WithListener(listener), server.WithTransport(standard.NewTransporter), server.WithSenseClientDisconnection(true),
		server.WithHandleMethodNotAllowed(true), server.WithDisablePrintRoute(true), server.WithExitWaitTime(0),
	}, opts...)...), listener
}

// run serves until it is stopped.
func run(h *server.Hertz) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run()
	}()
	for !h.IsRunning() {
		time.Sleep(time.Millisecond)
	}
	return func() {
		_ = h.Close()
		<-done
	}
}

// survive is an outermost middleware. Hertz does not survive a handler's panic: this closes the
// connection, and serves others.
func survive(ctx context.Context, c *app.RequestContext) {
	defer func() {
		if recover() != nil {
			c.Response.Reset()
			c.Response.HijackWriter(silent{})
			c.SetConnectionClose()
		}
	}()
	c.Next(ctx)
}

func handle(h *server.Hertz, m *tacho.Meter, route adaptertest.Route, answer answering) {
	group := h.Group(adaptertest.Colon(route.Group))
	path := strings.TrimPrefix(route.Path, route.Group)
	group.Handle(route.Method, adaptertest.Colon(path), append(onRoute(m, route), func(ctx context.Context, c *app.RequestContext) {
		answer(ctx, c, h, route.Do)
	})...)
}

// onRoute is what is put on a route.
func onRoute(m *tacho.Meter, r adaptertest.Route) (all []app.HandlerFunc) {
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		all = append(all, tachohertz.ExcludeAll(m))
	}
	if r.DoNotTrack {
		all = append(all, tachohertz.DoNotTrack(m))
	}
	if r.Track != nil {
		all = append(all, tachohertz.Track(r.Track(m)...))
	}
	return all
}

func guard(passes func(adaptertest.Call) bool) app.HandlerFunc {
	return func(ctx context.Context, c *app.RequestContext) {
		passed := false
		inTime(ctx, c, nil, func(in adaptertest.Call) { passed = passes(in) })
		if !passed {
			c.Abort()
		}
	}
}

// call is a Hertz handler's request, used the way Hertz handlers use it: a response is buffered, or
// sent in chunks while the handler runs.
type call struct {
	ctx     context.Context
	c       *app.RequestContext
	h       *server.Hertz
	decided bool // on the status
}

func (c *call) Context() context.Context    { return c.ctx }
func (c *call) Body() io.Reader             { return body(c.c) }
func (c *call) SetHeader(key, value string) { c.c.Header(key, value) }

func (c *call) WriteHeader(status int) {
	if !c.decided {
		c.c.SetStatusCode(status)
		c.decided = true
	}
}

// Write sends long responses in chunks.
func (c *call) Write(p []byte) (int, error) {
	c.decided = true
	if w := c.c.Response.GetHijackWriter(); w != nil {
		n, err := w.Write(p)
		return n, errors.Join(err, w.Flush())
	}
	if _, err := c.c.Write(p); err != nil || len(c.c.Response.BodyBytes()) < 32<<10 {
		return len(p), err
	}
	return len(p), c.chunk()
}

func (c *call) Flush() { _ = c.chunk() }

func (c *call) chunk() error {
	c.decided = true
	w := c.c.Response.GetHijackWriter()
	if w == nil {
		w = resp.NewChunkedBodyWriter(&c.c.Response, c.c.GetWriter())
		c.c.Response.HijackWriter(w)
	}
	_, err := w.Write(c.c.Response.BodyBytes())
	c.c.Response.ResetBody()
	return errors.Join(err, w.Flush())
}

// Hijack does what Hertz's adaptor does for handlers of net/http.
func (c *call) Hijack() (net.Conn, error) {
	c.c.Response.HijackWriter(silent{})
	c.c.SetConnectionClose()
	return c.c.GetConn(), nil
}

func (c *call) Redispatch(path string) { redispatch(c.ctx, c.c, c.h, path) }

func redispatch(ctx context.Context, c *app.RequestContext, h *server.Hertz, path string) {
	c.Request.SetRequestURI(path)
	c.Params = c.Params[:0]
	c.SetIndex(-1)
	h.ServeHTTP(ctx, c)
	c.Abort()
}

// body is a request's body as it comes, where Hertz streams it.
func body(c *app.RequestContext) io.Reader {
	if c.Request.IsBodyStream() {
		return c.Request.BodyStream()
	}
	return bytes.NewReader(c.Request.Body())
}

// silent sends no response.
type silent struct{}

func (silent) Write(p []byte) (int, error) { return len(p), nil }
func (silent) Flush() error                { return nil }
func (silent) Finalize() error             { return nil }
