package adapter

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
)

// FastHTTP is what adapters for frameworks on fasthttp have in common: how a request is described,
// and when its response has ended. It is the Carrier. Embed it in the adapter's own type for a
// request. [FastHTTPRequests] keeps that among fasthttp's user values, where all layers of the
// request find it and its Stack.
type FastHTTP struct {
	FastHTTPParts
	OwnHTTP

	// Unread means that fasthttp could not read the request, and Lost that the connection failed
	// before a request. Refused sets them.
	Unread, Lost bool
	// TimedOut is RequestCtx.LastTimeoutErrorResponse, nil without one. Set it before Leave.
	TimedOut FastHTTPResponse
	// Kept means that something may still use the FastHTTP: it must not be reused.
	Kept bool

	route  string
	reads  bool // a label may read the request
	params []param
	values []byte // of params
}

// A param is a parameter in the path, and where its value stands.
type param struct {
	name     string
	from, to int
}

// FastHTTPParts are the parts of a fasthttp.RequestCtx. They are interfaces, so that importing this
// package does not import fasthttp.
type FastHTTPParts struct {
	Raw            FastHTTPContext        // *fasthttp.RequestCtx
	Request        FastHTTPRequest        // &ctx.Request
	RequestHead    FastHTTPHeader         // &ctx.Request.Header
	Response       FastHTTPResponse       // &ctx.Response
	ResponseHead   FastHTTPResponseHeader // &ctx.Response.Header
	RequestStream  *io.Reader             // in Request, by BodyField; nil if it cannot be found
	ResponseStream *io.Reader             // in Response, by BodyField; nil if it cannot be found
}

// FastHTTPContext is implemented by *fasthttp.RequestCtx.
type FastHTTPContext interface {
	context.Context
	Method() []byte
	Path() []byte
	IsTLS() bool
	Hijacked() bool
	UserValue(key any) any
	SetUserValue(key, value any)
	RemoveUserValue(key any)
}

// FastHTTPRequest is implemented by *fasthttp.Request.
type FastHTTPRequest interface {
	IsBodyStream() bool
	Body() []byte
}

// FastHTTPResponse is implemented by *fasthttp.Response.
type FastHTTPResponse interface {
	FastHTTPRequest
	StatusCode() int
}

// FastHTTPHeader is implemented by *fasthttp.RequestHeader.
type FastHTTPHeader interface {
	Peek(key string) []byte
	ContentLength() int
	Len() int
}

// FastHTTPResponseHeader is implemented by *fasthttp.ResponseHeader.
type FastHTTPResponseHeader interface {
	FastHTTPHeader
	StreamHead
}

// Begin describes a request, before the handlers. From now on, what they read of a streamed body is
// counted.
func (f *FastHTTP) Begin(parts FastHTTPParts) {
	f.FastHTTPParts = parts
	f.TimedOut, f.Kept, f.Unread, f.Lost, f.reads = nil, false, false, false, false
	f.SetRoute(tacho.Unmatched)
	f.Describe(parts.Raw.Method(), parts.Raw.Path())
	f.beginUpload()
}

// Refused describes a request that fasthttp refuses: it is too large, or not HTTP. A connection that
// fails before its next request has none.
func (f *FastHTTP) Refused(err error) {
	if f.Unread = f.RequestHead.Len() == 0; f.Unread {
		_, f.Lost = errors.AsType[net.Error](err)
		f.Method, f.Path = "", "" // fasthttp has defaults
	}
}

// Enter enters a layer. fasthttp has no context that ends when the client disconnects. A
// connection that was Lost is excluded.
func (f *FastHTTP) Enter(l *Layer, carrier Carrier) *Call {
	call := l.Enter(context.Background(), &f.Stack, f.Method, f.Path, carrier)
	if call == nil {
		return nil
	}
	e := (*engine.Call)(call)
	f.reads = f.reads || e.ReadsRequest()
	if e.TellsTLS() && f.Raw.IsTLS() {
		call.Exchange().Secure()
	}
	if f.Lost {
		call.Exchange().ExcludeAll()
	}
	return call
}

// ReadsParams reports whether a layer that was entered may call PathValue. If not, AddParam is
// unnecessary.
func (f *FastHTTP) ReadsParams() bool { return f.reads }

// SetRoute sets the template that was matched, without parameters. It is tacho.Unmatched at first.
// The string must never change, as the templates of routers do not.
func (f *FastHTTP) SetRoute(template string) {
	f.route, f.params, f.values = template, f.params[:0], f.values[:0]
}

// Route returns the template that SetRoute has set.
func (f *FastHTTP) Route() string { return f.route }

// AddParam copies the value of a parameter in the path, for PathValue.
func (f *FastHTTP) AddParam(name, value string) {
	from := len(f.values)
	f.values = append(f.values, value...)
	f.params = append(f.params, param{name, from, len(f.values)})
}

// End is the end of the handlers. It gives fasthttp its own stream of the request's body back, which
// fasthttp uses again.
func (f *FastHTTP) End() {
	if f.RequestStream == nil {
		return
	}
	if own, changed := f.Upload.End(*f.RequestStream); changed {
		*f.RequestStream = own
	}
}

// beginUpload begins to count the request's body.
func (f *FastHTTP) beginUpload() {
	u := &f.Upload
	u.Bytes = int64(f.RequestHead.ContentLength())
	switch {
	case f.Request.IsBodyStream() && f.RequestStream == nil:
		u.Bytes = -1
	case f.Request.IsBodyStream():
		*f.RequestStream = u.Count(*f.RequestStream)
	case u.Bytes == -1: // chunked
		u.Bytes = int64(len(f.Request.Body()))
	case u.Bytes < 0: // none
		u.Bytes = 0
	}
}

// Leave ends a call, as Call.Leave does, or when the response has been sent if that is later.
// panicked is the result of recover().
func (f *FastHTTP) Leave(call *Call, carrier Carrier, panicked any) {
	streams := panicked == nil && f.TimedOut == nil && f.Response.IsBodyStream()
	switch {
	case panicked == nil && f.Raw.Hijacked() || streams && f.ResponseStream == nil:
		f.Await(call, carrier)
	case streams:
		if d := f.detach(call, carrier); d != nil {
			f.Kept = true
			f.recovered(d.Exchange(), f.Response.StatusCode())
			*f.ResponseStream = d.BodyOf(f.ResponseHead, *f.ResponseStream)
		}
	default:
		f.leave((*engine.Call)(call), panicked)
	}
}

// leave ends a call whose response is complete. An Outcome would be built in memory and copied.
func (f *FastHTTP) leave(call *engine.Call, panicked any) {
	status, size, response := 0, int64(0), f.Response
	if f.TimedOut != nil {
		response, f.Kept = f.TimedOut, true // a handler still runs
	}
	if panicked == nil {
		status, size = response.StatusCode(), int64(len(response.Body()))
	}
	call.Exchange().SetTemplate(f.route)
	f.recovered((*Call)(call).Exchange(), status)
	call.Leave(f.route, status, false, f.TimedOut != nil, f.Upload.Bytes, size, panicked)
}

// detach ends a call with the response as it is now, whose size is not known yet.
func (f *FastHTTP) detach(call *Call, carrier Carrier) *Detached {
	o := Outcome{Route: f.route, Status: f.Response.StatusCode(), BytesIn: f.Upload.Bytes}
	if !f.Response.IsBodyStream() {
		o.BytesOut = int64(len(f.Response.Body()))
	}
	return call.Detach(o, carrier)
}

// recovered reports a panic that was answered.
func (f *FastHTTP) recovered(x *Exchange, status int) {
	if status != 0 {
		f.Recovered(context.Background(), x, status)
	}
}

// Await ends a call when fasthttp has sent the response, whatever that will be, or has closed a
// connection that was taken over: it closes the user values then. It returns nil if there is nothing
// to wait for.
func (f *FastHTTP) Await(call *Call, carrier Carrier) *FastHTTPWait {
	d := f.detach(call, carrier)
	if d == nil {
		return nil
	}
	f.Kept = true
	w := &FastHTTPWait{f, d, f.Raw.Hijacked()}
	if w.hijacked {
		d.Exchange().Hijack()
	}
	f.Raw.SetUserValue(w, w)
	return w
}

// A FastHTTPWait is a call that [FastHTTP.Await] has left open.
type FastHTTPWait struct {
	request  *FastHTTP
	exchange *Detached
	hijacked bool
}

// Close ends the call. fasthttp calls it, but only in its own server.
func (w *FastHTTPWait) Close() error {
	if f, x := w.request, w.exchange.Exchange(); !w.hijacked {
		f.recovered(x, f.Response.StatusCode())
		x.WroteHeader(context.Background(), f.Response.StatusCode())
		x.SetBytesOut(int64(f.ResponseHead.ContentLength())) // set when it was sent
	}
	w.exchange.End()
	return nil
}

// RequestHeader implements Carrier.
func (f *FastHTTP) RequestHeader(name string) string { return text(f.RequestHead.Peek(name)) }

// ResponseHeader implements Carrier.
func (f *FastHTTP) ResponseHeader(name string) string { return text(f.ResponseHead.Peek(name)) }

// PathValue implements Carrier.
func (f *FastHTTP) PathValue(name string) string {
	for _, p := range f.params {
		if strings.EqualFold(p.name, name) {
			return text(f.values[p.from:p.to])
		}
	}
	return ""
}

// Context implements Carrier: it is that of fasthttp, which has its user values until the end.
func (f *FastHTTP) Context() context.Context { return f.Raw }
