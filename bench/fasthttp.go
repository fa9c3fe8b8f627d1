package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachofasthttp"
)

// fastHTTPRows: slok's middleware has the path instead of a template, as around Fiber.
func fastHTTPRows() []row {
	const framework = "fasthttp/router"
	return []row{
		{framework, bare, func(w workload) service { return service{fast: newFastHTTP(w).Handler} }},
		{framework, "tachofasthttp, everything on", tachofasthttpRow()},
		{framework, "tachofasthttp, minimal", tachofasthttpRow(minimal)},
		{framework, "slok/go-http-metrics, fasthttp's", func(w workload) service { return slokAround(newFastHTTP(w).Handler) }},
	}
}

// newFastHTTP returns the measured service: handlers set a status and write two bytes.
func newFastHTTP(w workload) *router.Router {
	r := router.New()
	for i := range w.routes {
		r.GET(fmt.Sprintf("/r%d/{id}", i), func(ctx *fasthttp.RequestCtx) {
			ctx.SetStatusCode(statuses[ctx.Path()[len(ctx.Path())-1]-'0'])
			_, _ = ctx.Write(body)
		})
	}
	return r
}

func tachofasthttpRow(on ...func(*tacho.Options)) func(workload) service {
	return func(w workload) service {
		r := newFastHTTP(w)
		s := &fasthttp.Server{Handler: r.Handler}
		m := tachofasthttp.Use(s, r, optionsWith(on))
		return service{fast: s.Handler, metrics: m.Metrics(), counter: "http_requests_total"}
	}
}

// fastContext returns a request as fasthttp's server has read it from a connection.
func fastContext(r *http.Request) *fasthttp.RequestCtx {
	var request fasthttp.Request
	request.Header.SetMethod(r.Method)
	request.SetRequestURI(r.RequestURI)
	request.Header.SetHost(r.Host)
	for name := range r.Header {
		request.Header.Set(name, r.Header.Get(name))
	}
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&request, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 51234}, nil)
	return ctx
}

// serveFast sends n requests to the handler. Between two of them, it does what the server does
// with the context of a connection.
func (t *traffic) serveFast(h fasthttp.RequestHandler, n int) {
	contexts := t.fast()
	for i := range n {
		ctx := contexts[t.order[i&(sequenceLength-1)]]
		ctx.ResetUserValues()
		ctx.Response.Reset()
		h(ctx)
	}
}
