package tachogin

import (
	"bufio"
	"context"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/reqcopy"
)

// A watcher watches Gin's writer for an exchange.
type watcher struct {
	gin.ResponseWriter
	reports *tacho.Exchange
	ctx     context.Context // of the request as it came: handlers may replace it in place
}

// A writer is the watcher of one request, with its exchange. It is used again, as
// Gin's own writer is, which stands in the Context: whoever keeps either of them
// beyond the request is in the same trouble.
type writer struct {
	watcher
	exchange tacho.Exchange
	request  *http.Request
	context  *gin.Context  // until the exchange has ended
	path     string        // the route that Gin found, as Gin writes it
	copied   *reqcopy.Copy // what the handlers see, if the request has a body
	use      use
	stack    *stack // where it stands, below which other one
	outer    *writer
}

func (w *writer) watch(m *tacho.Meter, c *gin.Context, under *stack, what use) {
	w.ResponseWriter, w.request, w.ctx, w.context, w.path, w.use = c.Writer, c.Request, c.Request.Context(), c, c.FullPath(), what
	under.push(w)
	w.exchange.SetTemplate(route(c))
	if c.Request.TLS != nil {
		w.exchange.Secure()
	}
	w.exchange.Carry(w)
	if m.Nested() || reqcopy.Needed(c.Request) {
		w.copy(m, c)
	}
	if !m.Minimal() { // else what Gin knows at the end is enough
		c.Writer = w
	}
}

// copy gives the handlers a copy of the request where one is needed: to count a
// body, or to be found from further inside.
func (w *writer) copy(m *tacho.Meter, c *gin.Context) {
	var link context.Context
	switch {
	case m.Nested() && w.use != tracking:
		link = w.exchange.Link(c.Request.Context())
	case m.Minimal() || !reqcopy.Needed(c.Request):
		return
	}
	w.copied = reqcopy.New(c.Request, link)
	c.Request = &w.copied.Request
}

// exclude serves a request that is not measured. A middleware further inside must
// not measure it either.
func (w *writer) exclude(m *tacho.Meter, c *gin.Context, under *stack) {
	if !m.Nested() {
		under.takeBack(w)
		return
	}
	w.ResponseWriter, w.request, w.ctx, w.use = c.Writer, c.Request, c.Request.Context(), excluded
	under.push(w)
	w.copy(m, c)
	defer func() {
		w.pop()
		w.giveBack(c)
	}()
	c.Next()
}

// again goes on watching where the writer is another one: Engine.HandleContext
// has taken ours away, or a middleware has put its own around it. Watching the
// same response twice does no harm.
func (w *writer) again(m *tacho.Meter, c *gin.Context) {
	if w.use == measuring && !m.Minimal() && w.watched(c) == nil {
		c.Writer = &watcher{c.Writer, w.reports, w.ctx}
	}
}

// watched is the watcher of the exchange that stands in the Context itself.
func (w *writer) watched(c *gin.Context) *watcher {
	switch x := c.Writer.(type) {
	case *writer:
		if x == w {
			return &x.watcher
		}
	case *watcher:
		if x.reports == w.reports {
			return x
		}
	}
	return nil
}

// finish ends the exchange, also when a handler panics; the panic goes on with
// its own value, on the stack where it began.
func (w *writer) finish(m *tacho.Meter, c *gin.Context) {
	v := recover()
	w.pop()
	if c.FullPath() != w.path { // a handler has dispatched the request again
		w.exchange.SetTemplate(route(c))
	}
	linked := false
	if w.copied != nil {
		linked = w.copied.Linked()
		w.giveBack(c)
	}
	w.settle(m, c, v)
	restored := w.restore(m, c) && !linked
	m.End(&w.exchange)
	w.context = nil
	if restored { // nobody else knows it; what it points to the Context keeps as well
		w.stack.takeBack(w)
	}
	if v != nil {
		panic(v)
	}
}

// settle tells the exchange how it ended.
func (w *writer) settle(m *tacho.Meter, c *gin.Context, panicked any) {
	if m.Minimal() && w.Written() {
		// Nobody looked when it was written; whether the client is still there
		// now does not matter.
		w.exchange.WroteHeader(context.Background(), w.Status())
	}
	w.exchange.Settle(w.ctx, w.Status(), panicked)
	w.exchange.BytesOut = w.written(c)
}

// restore gives Gin its own writer back, and reports whether nothing else knew
// ours.
func (w *writer) restore(m *tacho.Meter, c *gin.Context) bool {
	if m.Minimal() {
		return true
	}
	if c.Writer == gin.ResponseWriter(w) {
		c.Writer = w.ResponseWriter
		return true
	}
	if known := w.watched(c); known != nil {
		c.Writer = known.ResponseWriter
	}
	return false
}

// giveBack gives the Context its own request back.
func (w *writer) giveBack(c *gin.Context) {
	w.copied.Return()
	w.exchange.BytesIn = w.copied.BytesRead()
	if c.Request == &w.copied.Request {
		c.Request = w.request
	}
	w.copied = nil
}

// written is the size of the body. Gin says -1 before a write; and where it
// found no route, it writes a body of its own when we are done.
func (w *writer) written(c *gin.Context) int64 {
	if c.FullPath() == "" && !w.Written() {
		return -1
	}
	return int64(max(w.Size(), 0))
}

// Unwrap lets http.ResponseController reach the writer underneath.
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Exchange returns the exchange that this writer reports to.
func (w *watcher) Exchange() *tacho.Exchange { return w.reports }

func (w *watcher) header() {
	if w.reports.Status() == 0 {
		w.reports.WroteHeader(w.ctx, w.Status())
	}
}

func (w *watcher) Write(p []byte) (int, error) {
	w.header()
	n, err := w.ResponseWriter.Write(p)
	if err != nil {
		w.reports.WriteFailed(err)
	}
	return n, err
}

func (w *watcher) WriteString(s string) (int, error) {
	w.header()
	n, err := w.ResponseWriter.WriteString(s)
	if err != nil {
		w.reports.WriteFailed(err)
	}
	return n, err
}

func (w *watcher) WriteHeaderNow() {
	w.header()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *watcher) Flush() {
	w.header()
	w.ResponseWriter.Flush()
	w.reports.Flushed(w.Header().Get("Content-Type"))
}

func (w *watcher) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.ResponseWriter.Hijack()
	if err == nil {
		w.reports.Hijack()
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
