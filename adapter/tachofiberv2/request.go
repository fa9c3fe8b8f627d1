package tachofiberv2

import (
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho/adapter"
)

// A request is what the layers of one request share. It stands among fasthttp's user values, where
// it remains when Fiber's context goes.
type request struct {
	adapter.FastHTTP
	raw    *fasthttp.RequestCtx
	ctx    *fiber.Ctx // while Fiber serves the request
	unread bool       // fasthttp could not read the request
	lost   bool       // the connection failed before a request
	noted  bool       // a handler in Fiber's chain knows the route
}

type requestKey struct{}

var (
	requests     = sync.Pool{New: func() any { return new(request) }}
	requestBody  = adapter.BodyField[fasthttp.Request]("bodyStream")
	responseBody = adapter.BodyField[fasthttp.Response]("bodyStream")
)

// requestOf returns what is known of a request, and whether it is the first layer that asks for it.
func requestOf(raw *fasthttp.RequestCtx) (r *request, first bool) {
	if r, ok := raw.UserValue(requestKey{}).(*request); ok {
		return r, false
	}
	r = requests.Get().(*request)
	raw.SetUserValue(requestKey{}, r)
	r.raw, r.unread, r.lost, r.noted = raw, false, false, false
	r.Begin(adapter.FastHTTPParts{
		Raw: raw, Request: &raw.Request, RequestHead: &raw.Request.Header, Response: &raw.Response, ResponseHead: &raw.Response.Header,
		RequestStream: requestBody(&raw.Request), ResponseStream: responseBody(&raw.Response),
	})
	return r, true
}

// leave ends a call, nil where there is nothing to measure, and goes on to panic.
func (r *request) leave(call *adapter.Call, first bool, panicked any) {
	if late := r.raw.LastTimeoutErrorResponse(); late != nil {
		r.TimedOut = late
	}
	switch {
	case call != nil:
		r.Leave(call, r, panicked)
	case panicked != nil:
		panic(panicked)
	}
	r.release(first)
}

// release is the end of the layer that was first.
func (r *request) release(first bool) {
	if !first {
		return
	}
	if r.ctx = nil; r.TimedOut != nil {
		return
	}
	r.End()
	r.raw.RemoveUserValue(requestKey{})
	if !r.Kept {
		requests.Put(r)
	}
}

// note finds out what Fiber's chain has matched.
func (r *request) note(c *fiber.Ctx, f *finder) {
	route := c.Route()
	switch r.noted = true; {
	case r.unread:
	case isMiddleware(route): // it may have answered in place of a route
		r.SetRoute(f.find(c.App(), r.raw))
	default:
		r.SetRoute(route.Path)
		for _, name := range route.Params {
			r.AddParam(name, c.Params(name))
		}
	}
}

// PathValue implements adapter.Carrier.
func (r *request) PathValue(name string) string {
	if r.ctx != nil {
		return r.ctx.Params(name)
	}
	if name == "*" || name == "+" { // the first one
		name += "1"
	}
	return r.FastHTTP.PathValue(name)
}
