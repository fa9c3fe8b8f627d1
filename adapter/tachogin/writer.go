package tachogin

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/reqcopy"
)

// writer watches Gin's writer for one request. It is used again, as Gin's own
// writer is, which stands in the Context: whoever keeps either of them beyond
// the request is in the same trouble.
type writer struct {
	gin.ResponseWriter
	exchange tacho.Exchange
	request  *http.Request
	context  *gin.Context  // until the exchange has ended
	copied   *reqcopy.Copy // what the handlers see, if the request has a body
	path     string        // the route that Gin found, as Gin writes it
}

var writers = sync.Pool{New: func() any { return new(writer) }}

func (w *writer) watch(m *tacho.Meter, c *gin.Context) {
	w.ResponseWriter, w.request, w.path, w.context = c.Writer, c.Request, c.FullPath(), c
	w.exchange.SetTemplate(route(c))
	if c.Request.TLS != nil {
		w.exchange.Secure()
	}
	w.exchange.Carry(w)
	if m.Minimal() {
		return // what Gin knows at the end is enough
	}
	c.Writer = w
	if reqcopy.Needed(c.Request) {
		w.copied = reqcopy.New(c.Request, nil)
		c.Request = &w.copied.Request
	}
}

// finish ends the exchange, also when a handler panics; the panic goes on with
// its own value, on the stack where it began.
func (w *writer) finish(m *tacho.Meter, c *gin.Context) {
	v := recover()
	w.settle(m, v)
	if c.FullPath() != w.path {
		w.exchange.Exclude() // Engine.HandleContext has run us again, and counted.
	}
	restored := w.restore(m, c)
	m.End(&w.exchange)
	w.context = nil
	if restored { // nobody else knows it
		w.ResponseWriter, w.request = nil, nil
		writers.Put(w)
	}
	if v != nil {
		panic(v)
	}
}

// settle tells the exchange how it ended.
func (w *writer) settle(m *tacho.Meter, panicked any) {
	if m.Minimal() && w.Written() {
		// Nobody looked when it was written; whether the client is still there
		// now does not matter.
		w.exchange.WroteHeader(context.Background(), w.Status())
	}
	w.exchange.Settle(w.request.Context(), w.Status(), panicked)
	w.exchange.BytesOut = w.written()
}

// restore gives Gin its own writer and request back, and reports whether that
// was all that knew ours.
func (w *writer) restore(m *tacho.Meter, c *gin.Context) bool {
	if w.copied != nil {
		w.copied.Return()
		w.exchange.BytesIn = w.copied.BytesRead()
		if c.Request == &w.copied.Request {
			c.Request = w.request
		}
	}
	if m.Minimal() {
		return true
	}
	ours := c.Writer == w
	if ours {
		c.Writer = w.ResponseWriter
	}
	return ours && w.copied == nil
}

// written is the size of the body. Gin says -1 before a write; and where it
// found no route, it writes a body of its own when we are done.
func (w *writer) written() int64 {
	if w.path == "" && !w.Written() {
		return -1
	}
	return int64(max(w.Size(), 0))
}

// Unwrap lets http.ResponseController reach the writer underneath.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Exchange returns the exchange that this writer reports to.
func (w *writer) Exchange() *tacho.Exchange { return &w.exchange }

func (w *writer) header() {
	if w.exchange.Status() == 0 {
		w.exchange.WroteHeader(w.request.Context(), w.Status())
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.header()
	n, err := w.ResponseWriter.Write(p)
	if err != nil {
		w.exchange.WriteFailed(err)
	}
	return n, err
}

func (w *writer) WriteString(s string) (int, error) {
	w.header()
	n, err := w.ResponseWriter.WriteString(s)
	if err != nil {
		w.exchange.WriteFailed(err)
	}
	return n, err
}

func (w *writer) WriteHeaderNow() {
	w.header()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *writer) Flush() {
	w.header()
	w.ResponseWriter.Flush()
	w.exchange.Flushed(w.Header().Get("Content-Type"))
}

func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.ResponseWriter.Hijack()
	if err == nil {
		w.exchange.Hijack()
	}
	return conn, rw, err
}

// A writer is the Carrier of its exchange.

// RequestHeader implements tacho.Carrier.
func (w *writer) RequestHeader(name string) string { return w.request.Header.Get(name) }

// ResponseHeader implements tacho.Carrier.
func (w *writer) ResponseHeader(name string) string { return w.ResponseWriter.Header().Get(name) }

// PathValue implements tacho.Carrier: a parameter of Gin's template.
func (w *writer) PathValue(name string) string { return w.context.Param(name) }

// HTTP implements tacho.Carrier.
func (w *writer) HTTP() *http.Request { return w.request }

// Context implements tacho.Carrier.
func (w *writer) Context() context.Context { return w.request.Context() }

// Writer implements tacho.Carrier: what Gin's own writer writes to.
func (w *writer) Writer() http.ResponseWriter {
	if u, ok := w.ResponseWriter.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return w.ResponseWriter
}
