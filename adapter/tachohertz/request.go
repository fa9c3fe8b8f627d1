package tachohertz

import (
	"cmp"
	"context"
	"net/http"
	"reflect"

	"github.com/cloudwego/hertz/pkg/app"
	hertzerrors "github.com/cloudwego/hertz/pkg/common/errors"
	"github.com/cloudwego/hertz/pkg/network"
	"github.com/cloudwego/hertz/pkg/protocol/http1/resp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/internal/connwatch"
)

// A request is what the layers of one request share. It serves the next request of its
// RequestContext again.
type request struct {
	adapter.OwnHTTP
	c       *app.RequestContext
	ctx     context.Context
	depth   int  // of the layers
	reached bool // the chain of an engine with Use

	mark hertzerrors.Error // of room, where it is in the last place
	room [errorsRoom]*hertzerrors.Error
}

const errorsRoom = 32 // before append gives the errors other memory

// requestOf returns the request of a RequestContext.
//
// Hertz resets everything in a RequestContext that could lead there, but keeps the memory of
// Errors. So the request stands there, behind the errors that it may have, and costs neither an
// allocation nor a lock. A copy of the RequestContext has none.
func requestOf(c *app.RequestContext) *request {
	if n := cap(c.Errors); n >= errorsRoom && c.Errors[:n][n-1] != nil {
		if r, ok := c.Errors[:n][n-1].Meta.(*request); ok && r.c == c {
			return r
		}
	}
	r := &request{c: c}
	r.mark.Meta, r.room[errorsRoom-1] = r, &r.mark
	c.Errors = append(r.room[:0], c.Errors...)
	return r
}

// enter enters a layer. If the call is not nil, leave must follow.
func (r *request) enter(ctx context.Context, l *adapter.Layer) *adapter.Call {
	if r.depth == 0 {
		r.Describe(r.c.Method(), r.c.Path())
	}
	r.ctx = ctx
	call := l.Enter(ctx, &r.Stack, r.Method, r.Path, r)
	if call == nil {
		return nil
	}
	if r.depth == 0 {
		r.beginUpload()
	}
	r.depth++
	r.c.SetConn(adapter.Local[connwatch.Watch](call).Begin(r.c.GetConn(), &r.c.Response.Header, call))
	return call
}

// leave ends a call, or what is left of it when the response has been sent. It is nil where there is
// nothing to measure.
func (r *request) leave(call *adapter.Call, passed *bool) {
	r.Panicked = r.Panicked || !*passed
	if call == nil {
		return
	}
	v, c := recover(), r.c
	sent := adapter.Local[connwatch.Watch](call)
	if own, changed := sent.End(c.GetConn()); changed {
		c.SetConn(own)
	}
	if r.depth--; r.depth == 0 {
		r.endUpload()
	}
	o := adapter.Outcome{Route: cmp.Or(c.FullPath(), tacho.Unmatched), BytesIn: r.Upload.Bytes, BytesOut: r.bytesOut(sent), Panicked: v}
	if v != nil {
		call.Leave(o)
	}
	o.Status = c.Response.StatusCode()
	switch {
	case c.GetHijackHandler() != nil:
		hijacked(c, call, o)
	case c.Response.IsBodyStream():
		if d := call.Detach(o, nil); d != nil {
			r.Recovered(r.ctx, d.Exchange(), o.Status)
			c.Response.ConstructBodyStream(c.Response.BodyBuffer(), d.BodyOf(&c.Response.Header, c.Response.BodyStream()))
		}
	default:
		r.Recovered(r.ctx, call.Exchange(), o.Status)
		answered := sent.Written || o.BytesOut > 0 || o.Status != http.StatusOK
		if r.ctx.Err() != nil && answered && !sent.Taken { // the client may have left, and a handler did write
			call.Exchange().WroteHeader(r.ctx, o.Status)
		}
		call.Leave(o)
	}
}

// bytesOut is the size of the response's body, -1 if it is not known.
func (r *request) bytesOut(sent *connwatch.Watch) int64 {
	size := len(r.c.Response.BodyBytes())
	switch writer := r.c.Response.GetHijackWriter(); {
	case writer != nil && reflect.TypeOf(writer) == chunkWriter:
		return sent.Chunks
	case writer != nil, size == 0 && r.c.FullPath() == "": // Hertz has a body of its own then
		return -1
	}
	return int64(size)
}

// chunkWriter is the type of Hertz's writer for chunks, also below that for events.
var chunkWriter = reflect.TypeOf(resp.NewChunkedBodyWriter(nil, nil))

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

// Context implements adapter.Carrier.
func (r *request) Context() context.Context { return r.ctx }

// beginUpload begins to count the request's body.
func (r *request) beginUpload() {
	q := &r.c.Request
	if q.IsBodyStream() {
		q.ConstructBodyStream(q.BodyBuffer(), r.Upload.Count(q.BodyStream()))
		return
	}
	r.Upload.Bytes = int64(cmp.Or(max(q.Header.ContentLength(), 0), len(q.BodyBytes()))) // a form may have been parsed in place of a body
}

func (r *request) endUpload() {
	q := &r.c.Request
	if own, changed := r.Upload.End(q.BodyStream()); changed {
		q.ConstructBodyStream(q.BodyBuffer(), own)
	}
}
