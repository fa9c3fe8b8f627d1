package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/route"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachohertz"
)

// hertzRows have no peer: monitor-prometheus of hertz-contrib is not in the public module index.
func hertzRows() []row {
	const framework = "hertz"
	return []row{
		{framework, bare, func(w workload) service { return service{hertz: newHertz(w, nil)} }},
		{framework, "an empty middleware", emptyHertz},
		{framework, "tachohertz, everything on", tachohertzRow()},
		{framework, "tachohertz, minimal", tachohertzRow(minimal)},
	}
}

// newHertz returns the measured service: handlers set a status and write two bytes.
func newHertz(w workload, use func(*server.Hertz)) *route.Engine {
	hlog.SetLevel(hlog.LevelFatal)
	h := server.New(server.WithDisablePrintRoute(true))
	if use != nil {
		use(h)
	}
	for i := range w.routes {
		h.GET(fmt.Sprintf("/r%d/:id", i), func(_ context.Context, c *app.RequestContext) {
			c.SetStatusCode(statuses[c.Path()[len(c.Path())-1]-'0'])
			_, _ = c.Write(body)
		})
	}
	return h.Engine
}

// emptyHertz shows what Hertz takes for a middleware. It measures nothing.
func emptyHertz(w workload) service {
	return service{hertz: newHertz(w, func(h *server.Hertz) {
		h.Use(func(ctx context.Context, c *app.RequestContext) { c.Next(ctx) })
	})}
}

func tachohertzRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		var m *tacho.Meter
		e := newHertz(w, func(h *server.Hertz) { m = tachohertz.Use(h, optionsWith(on)) })
		return service{hertz: e, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

// hertzContext returns a request as Hertz's server has read it from a connection.
func hertzContext(r *http.Request) *app.RequestContext {
	c := app.NewContext(1)
	c.Request.Header.SetMethod(r.Method)
	c.Request.SetRequestURI(r.RequestURI)
	c.Request.Header.SetHost(r.Host)
	for name := range r.Header {
		c.Request.Header.Set(name, r.Header.Get(name))
	}
	return c
}

// serveHertz sends n requests to the engine. Between two of them, it does what the server does with
// a context, but keeps the request.
func (t *traffic) serveHertz(e *route.Engine, n int) {
	ctx, contexts := context.Background(), t.hertz()
	for i := range n {
		c := contexts[t.order[i&(sequenceLength-1)]]
		c.Params, c.Keys = c.Params[:0], nil
		c.SetIndex(-1)
		c.Response.Reset()
		e.ServeHTTP(ctx, c)
	}
}
