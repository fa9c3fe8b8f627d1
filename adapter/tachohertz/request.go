package tachohertz

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"unsafe"

	"github.com/cloudwego/hertz/pkg/app"
	hertzerrors "github.com/cloudwego/hertz/pkg/common/errors"
	"github.com/cloudwego/hertz/pkg/network"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// A request is what the layers of one request share. It serves the next request of its
// RequestContext again.
type request struct {
	c        *app.RequestContext
	ctx      context.Context
	stack    adapter.Stack
	depth    int    // of the layers
	text     []byte // of method and path: handlers may change Hertz's
	method   string
	path     string
	upload   upload
	panicked bool // a handler panicked, and somebody further outside answers
	reached  bool // the chain of an engine with Use
}

// requestOf returns the request of a RequestContext.
//
// Hertz resets everything in a RequestContext that could lead there, but keeps the memory of
// Errors. So the request stands there, behind the errors that it may have, and costs neither an
// allocation nor a lock. A copy of the RequestContext has none.
func requestOf(c *app.RequestContext) *request {
	const errorsRoom = 32 // before append gives the errors other memory; the request is in the last place
	if n := cap(c.Errors); n >= errorsRoom && c.Errors[:n][n-1] != nil {
		if r, ok := c.Errors[:n][n-1].Meta.(*request); ok && r.c == c {
			return r
		}
	}
	room := new(struct { // all at once: a pool may forget RequestContexts
		request request
		mark    hertzerrors.Error
		errors  [errorsRoom]*hertzerrors.Error
	})
	room.request.c = c
	room.mark.Meta, room.errors[errorsRoom-1] = &room.request, &room.mark
	c.Errors = append(room.errors[:0], c.Errors...)
	return &room.request
}

// enter enters a layer. If the call is not nil, leave must follow.
func (r *request) enter(ctx context.Context, l *adapter.Layer) *adapter.Call {
	if r.depth == 0 {
		method, path := r.c.Method(), r.c.Path()
		r.text = append(append(r.text[:0], method...), path...)
		r.method, r.path = text(r.text[:len(method)]), text(r.text[len(method):])
		r.panicked = false
	}
	r.ctx = ctx
	call := l.Enter(ctx, &r.stack, r.method, r.path, r)
	if call == nil {
		return nil
	}
	if _, tls := r.c.GetConn().(network.ConnTLSer); tls {
		call.Exchange().Secure()
	}
	if r.depth == 0 {
		r.upload.begin(r.c)
	}
	r.depth++
	adapter.Local[watch](call).begin(r.c, call)
	return call
}

var errPanicked = errors.New("a handler panicked")

// note notes that a handler panicked.
func (r *request) note(passed *bool) {
	if !*passed {
		r.panicked = true
	}
}

// leave ends a call, or what is left of it when the response has been sent.
func (r *request) leave(call *adapter.Call) {
	v, c := recover(), r.c
	sent := adapter.Local[watch](call)
	sent.end(c)
	if r.depth--; r.depth == 0 {
		r.upload.end(c)
	}
	o := adapter.Outcome{Route: template(c), BytesIn: r.upload.read, BytesOut: r.bytesOut(), Panicked: v}
	if v != nil {
		r.panicked = true
		call.Leave(o)
	}
	o.Status = c.Response.StatusCode()
	switch {
	case c.GetHijackHandler() != nil:
		hijacked(c, call, o)
	case c.Response.IsBodyStream():
		if d := call.Detach(o, nil); d != nil {
			r.recovered(d.Exchange(), o.Status)
			stream(c, d)
		}
	default:
		r.recovered(call.Exchange(), o.Status)
		answered := sent.written || o.BytesOut > 0 || o.Status != http.StatusOK
		if r.ctx.Err() != nil && answered && !sent.taken { // the client may have left, and a handler did write
			call.Exchange().WroteHeader(r.ctx, o.Status)
		}
		call.Leave(o)
	}
}

// recovered reports a panic that was answered.
func (r *request) recovered(x *adapter.Exchange, status int) {
	if r.panicked {
		x.WroteHeader(r.ctx, status)
		x.Settle(r.ctx, status, errPanicked)
	}
}

// bytesOut is the size of the response's body, -1 if it is not known.
func (r *request) bytesOut() int64 {
	size := len(r.c.Response.BodyBytes())
	if r.c.Response.GetHijackWriter() != nil || size == 0 && r.c.FullPath() == "" { // Hertz has a body of its own then
		return -1
	}
	return int64(size)
}

// template is the route that Hertz has matched.
func template(c *app.RequestContext) string {
	if path := c.FullPath(); path != "" {
		return path
	}
	return tacho.Unmatched
}

// stream ends an exchange with its body. Hertz takes the length of an io.LimitedReader, which it
// would not recognize any more.
func stream(c *app.RequestContext, d *adapter.Detached) {
	body, head := c.Response.BodyStream(), &c.Response.Header
	size := int64(head.ContentLength())
	if limited, ok := body.(*io.LimitedReader); ok && size < 0 {
		size = limited.N
		head.SetContentLength(int(size))
	}
	c.Response.ConstructBodyStream(c.Response.BodyBuffer(), d.Body(body, size, string(head.ContentType())))
}

// hijacked ends an exchange when the connection is given back, or if it is never taken over, because
// the response could not be sent.
func hijacked(c *app.RequestContext, call *adapter.Call, o adapter.Outcome) {
	d := call.Detach(o, &request{c: c.Copy(), ctx: context.Background()})
	if d == nil {
		return
	}
	d.Exchange().Hijack()
	use := c.GetHijackHandler()
	c.SetHijackHandler(func(conn network.Conn) {
		defer d.End()
		use(conn)
	})
	finished := c.Finished()
	go func() {
		<-finished
		d.End()
	}()
}

// RequestHeader implements adapter.Carrier.
func (r *request) RequestHeader(name string) string { return r.c.Request.Header.Get(name) }

// ResponseHeader implements adapter.Carrier.
func (r *request) ResponseHeader(name string) string { return r.c.Response.Header.Get(name) }

// PathValue implements adapter.Carrier.
func (r *request) PathValue(name string) string { return r.c.Param(name) }

// HTTP implements adapter.Carrier.
func (r *request) HTTP() *http.Request { return nil }

// Context implements adapter.Carrier.
func (r *request) Context() context.Context { return r.ctx }

// Writer implements adapter.Carrier.
func (r *request) Writer() http.ResponseWriter { return nil }

// An upload counts a request's body: all of it if Hertz has read it before the handlers, else what
// they read.
type upload struct {
	io.Reader
	read int64
}

func (u *upload) begin(c *app.RequestContext) {
	if u.read = int64(len(c.Request.BodyBytes())); c.Request.IsBodyStream() {
		u.Reader, u.read = c.Request.BodyStream(), 0
		c.Request.ConstructBodyStream(c.Request.BodyBuffer(), u)
		return
	}
	if n := c.Request.Header.ContentLength(); n > 0 { // a form may have been parsed in place of a body
		u.read = int64(n)
	}
}

// end gives Hertz its own stream back, which it reads to the end and uses again.
func (u *upload) end(c *app.RequestContext) {
	if u.Reader != nil && c.Request.BodyStream() == io.Reader(u) {
		c.Request.ConstructBodyStream(c.Request.BodyBuffer(), u.Reader)
	}
	u.Reader = nil
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.read += int64(n)
	return n, err
}

// A watch sees what handlers send before they return: Hertz's writers for chunks and events write to
// the connection of the RequestContext.
type watch struct {
	network.Conn
	call    *adapter.Call
	c       *app.RequestContext
	written bool // in Hertz's buffer
	taken   bool // the connection, by a handler
	secure  secureWatch
}

// A secureWatch is the watch of a TLS connection.
type secureWatch struct {
	*watch
	network.ConnTLSer
}

func (w *watch) begin(c *app.RequestContext, call *adapter.Call) {
	w.call, w.c, w.written, w.taken = call, c, false, false
	if w.Conn = c.GetConn(); w.Conn == nil { // in tests
		return
	}
	if secure, ok := w.Conn.(network.ConnTLSer); ok {
		w.secure = secureWatch{w, secure}
		c.SetConn(&w.secure)
		return
	}
	c.SetConn(w)
}

// end gives Hertz its own connection back. Writers that were made for this one finish with it.
func (w *watch) end(c *app.RequestContext) {
	if w.call = nil; w.Conn != nil && (c.GetConn() == network.Conn(w) || c.GetConn() == network.Conn(&w.secure)) {
		c.SetConn(w.Conn)
	}
}

func (w *watch) Malloc(n int) ([]byte, error) {
	w.written = true
	return w.Conn.Malloc(n)
}

func (w *watch) WriteBinary(b []byte) (int, error) {
	w.written = true
	return w.Conn.WriteBinary(b)
}

func (w *watch) Flush() error {
	if w.call == nil || !w.written {
		return w.Conn.Flush()
	}
	x := w.call.Exchange()
	x.WroteHeader(w.call.Context, w.c.Response.StatusCode())
	err := w.Conn.Flush()
	x.WriteFailed(err)
	x.Flushed(strings.Clone(text(w.c.Response.Header.ContentType())))
	return err
}

// Write is used only by those that took the connection over, such as handlers of net/http.
func (w *watch) Write(p []byte) (int, error) {
	if w.call != nil {
		w.taken = true
		w.call.Exchange().Hijack()
	}
	return w.Conn.Write(p)
}

// text is a string in the memory of b.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
