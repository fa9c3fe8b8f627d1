package tachofasthttp

import (
	"context"
	"sync"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// A request is what the layers of one request share. It stands among fasthttp's user values.
type request struct {
	adapter.FastHTTP
	raw    *fasthttp.RequestCtx
	route  string
	unread bool // fasthttp could not read the request
	lost   bool // the connection failed before a request

	// A TimeoutHandler runs inner layers in a goroutine of its own, which goes on when the outer
	// layers have left.
	layers sync.Mutex
	over   bool // the response is that of a timeout
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
	r.raw, r.unread, r.lost, r.over = raw, false, false, false
	r.Begin(adapter.FastHTTPParts{
		Raw: raw, Request: &raw.Request, RequestHead: &raw.Request.Header, Response: &raw.Response, ResponseHead: &raw.Response.Header,
		RequestStream: requestBody(&raw.Request), ResponseStream: responseBody(&raw.Response),
	})
	r.SetRoute(tacho.Unknown)
	return r, true
}

// SetRoute sets the template that was matched.
func (r *request) SetRoute(template string) {
	r.route = template
	r.FastHTTP.SetRoute(template)
}

// enter enters a layer.
func (r *request) enter(l *adapter.Layer) *adapter.Call {
	r.layers.Lock()
	defer r.layers.Unlock()
	if r.over {
		return nil
	}
	return l.Enter(context.Background(), &r.Stack, r.Method, r.Path, r)
}

// leaveHandler ends a call, nil where there is nothing to measure, and goes on to panic.
func (r *request) leaveHandler(call *adapter.Call, first bool, passed *bool) {
	var v any
	if !*passed {
		r.Panicked = true
		if call == nil && !first { // the panic goes on as it is
			return
		}
		v = recover()
	}
	defer r.release(first)
	r.layers.Lock()
	defer r.layers.Unlock()
	if first {
		r.TimedOut, r.over = timedOut(r.raw)
	}
	if saved, ok := r.raw.UserValue(router.MatchedRoutePathParam).(string); ok && r.route == tacho.Unknown {
		r.SetRoute(saved)
	}
	switch {
	case call != nil && (first || !r.over):
		r.Leave(call, r, v)
	case v != nil:
		panic(v)
	}
}

// timedOut returns the response of a timeout, if there is one.
func timedOut(raw *fasthttp.RequestCtx) (adapter.FastHTTPResponse, bool) {
	if late := raw.LastTimeoutErrorResponse(); late != nil {
		return late, true
	}
	return nil, false
}

// release is the end of the layer that was first.
func (r *request) release(first bool) {
	if !first || r.over {
		return
	}
	r.End()
	r.raw.RemoveUserValue(requestKey{})
	if !r.Kept {
		requests.Put(r)
	}
}

// PathValue implements adapter.Carrier. The router keeps the values among the user values.
func (r *request) PathValue(name string) string {
	v, _ := r.raw.UserValue(name).(string)
	return v
}
