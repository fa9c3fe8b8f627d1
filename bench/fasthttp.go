package main

import (
	"net"
	"net/http"

	"github.com/valyala/fasthttp"
)

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
	for i := range n {
		ctx := t.contexts[t.order[i&(sequenceLength-1)]]
		ctx.ResetUserValues()
		ctx.Response.Reset()
		h(ctx)
	}
}
