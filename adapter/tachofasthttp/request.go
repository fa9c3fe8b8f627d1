package tachofasthttp

import (
	"sync"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// A request is what the layers of one request share.
type request struct {
	adapter.FastHTTP
	raw *fasthttp.RequestCtx

	// A TimeoutHandler runs inner layers in a goroutine of its own, which goes on when the outer
	// layers have left.
	layers sync.Mutex
}

var (
	requests     adapter.FastHTTPRequests[request, *request]
	requestBody  = adapter.BodyField[fasthttp.Request]("bodyStream")
	responseBody = adapter.BodyField[fasthttp.Response]("bodyStream")
)

// requestOf returns what is known of a request, and whether it is the first layer that asks for it.
func requestOf(raw *fasthttp.RequestCtx) (r *request, first bool) {
	if r, first = requests.Of(raw); first {
		r.raw = raw
		r.Begin(adapter.FastHTTPParts{
			Raw: raw, Request: &raw.Request, RequestHead: &raw.Request.Header, Response: &raw.Response, ResponseHead: &raw.Response.Header,
			RequestStream: requestBody(&raw.Request), ResponseStream: responseBody(&raw.Response),
		})
		r.SetRoute(tacho.Unknown)
	}
	return r, first
}

// serve serves the request within a layer.
func (r *request) serve(l *adapter.Layer, first bool, next fasthttp.RequestHandler) {
	call := r.enter(l)
	passed := false
	defer r.leave(call, first, &passed)
	next(r.raw)
	passed = true
}

// enter enters a layer, unless the response is that of a timeout.
func (r *request) enter(l *adapter.Layer) *adapter.Call {
	r.layers.Lock()
	defer r.layers.Unlock()
	if r.TimedOut != nil {
		return nil
	}
	return r.Enter(l, r)
}

// leave ends a call, nil where there is nothing to measure, and goes on to panic.
func (r *request) leave(call *adapter.Call, first bool, passed *bool) {
	var v any
	if !*passed {
		r.Panicked = true
		if call == nil && !first { // the panic goes on as it is
			return
		}
		v = recover()
	}
	if first {
		defer requests.Release(r)
	}
	r.layers.Lock()
	defer r.layers.Unlock()
	if late := r.raw.LastTimeoutErrorResponse(); first && late != nil {
		r.TimedOut = late
	}
	if saved, ok := r.raw.UserValue(router.MatchedRoutePathParam).(string); ok && r.Route() == tacho.Unknown {
		r.SetRoute(saved)
	}
	switch {
	case call != nil && (first || r.TimedOut == nil):
		r.Leave(call, r, v)
	case v != nil:
		panic(v)
	}
}

// PathValue implements adapter.Carrier. The router keeps the values among the user values.
func (r *request) PathValue(name string) string {
	v, _ := r.raw.UserValue(name).(string)
	return v
}
