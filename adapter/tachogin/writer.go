package tachogin

import (
	"bufio"
	"net"
	"net/http"
	"reflect"
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
	copied   *reqcopy.Copy // what the handlers see, if the request has a body
	matched  bool          // Gin has found a route
}

var writers = sync.Pool{New: func() any { return new(writer) }}

func (w *writer) watch(c *gin.Context) {
	w.ResponseWriter, w.request = c.Writer, c.Request
	w.exchange.SetTemplate(route(c))
	w.matched = c.FullPath() != ""
	c.Writer = w
	if reqcopy.Needed(c.Request) {
		w.copied = reqcopy.New(c.Request, nil, &w.exchange.BytesIn)
		c.Request = &w.copied.Request
	}
}

// finish ends the exchange, also when a handler panics; the panic goes on with
// its own value, on the stack where it began.
func (w *writer) finish(m *tacho.Meter, c *gin.Context) {
	v := recover()
	w.exchange.Settle(w.request.Context(), w.Status(), v)
	w.exchange.BytesOut = w.written()
	ours := c.Writer == w
	switch {
	case ours:
		c.Writer = w.ResponseWriter
	case reflect.TypeOf(c.Writer).String() == "*gin.responseWriter":
		// Engine.HandleContext has taken our writer out, and run us again.
		w.exchange.Exclude()
	}
	if w.copied != nil {
		w.copied.Return()
		if c.Request == &w.copied.Request {
			c.Request = w.request
		}
	}
	m.End(&w.exchange)
	if ours && w.copied == nil { // nobody else knows it
		w.ResponseWriter, w.request = nil, nil
		writers.Put(w)
	}
	if v != nil {
		panic(v)
	}
}

// written is the size of the body. Gin says -1 before a write; and where it
// found no route, it writes a body of its own when we are done.
func (w *writer) written() int64 {
	if !w.matched && !w.Written() {
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
	return w.ResponseWriter.Write(p)
}

func (w *writer) WriteString(s string) (int, error) {
	w.header()
	return w.ResponseWriter.WriteString(s)
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
