// Package reqcopy gives handlers a copy of their request whose body is counted
// as it is read.
//
// It has to be a copy: net/http's server looks at its own request's body when
// it writes the response's header, to decide whether to wait for the rest of an
// upload, and does not recognize a body that stands in for the original.
package reqcopy

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/slab"
)

// A Copy is a request's copy and the reader of its body.
type Copy struct {
	Request  http.Request
	original *http.Request
	ctx      context.Context // that New was called with
	body     io.ReadCloser
	read     atomic.Int64 // a handler may read on when its time is up

	// The server writes into the original's Trailer while the body is read, and
	// Return into all of it: this counts the readers, or is returning.
	readers atomic.Int32
}

const returning = -1 << 30

var copies slab.Of[Copy]

// Needed reports whether a request has a body to count. One that has none keeps
// it, so that comparing it with http.NoBody still works.
func Needed(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// New copies a request, with another context if ctx is not nil.
func New(r *http.Request, ctx context.Context) *Copy {
	c := copies.New()
	c.original, c.ctx = r, ctx
	if ctx == nil {
		c.Request = *r
	} else {
		c.Request = *r.WithContext(ctx)
	}
	if Needed(r) {
		c.body, c.Request.Body = r.Body, c
	}
	return c
}

// Return gives the original what handlers have set in the copy, for the handlers
// around us and for the server, which removes a form's temporary files: fields,
// path values, and a context that was replaced in place. The body stays the
// server's own, unless the handlers have put another one in its place. They must
// have returned.
func (c *Copy) Return() {
	if !c.readers.CompareAndSwap(0, returning) { // a handler that outlives its time-out
		c.returnForms()
		return
	}
	defer c.readers.Add(-returning)
	body, trailer := c.original.Body, c.original.Trailer
	if c.ctx != nil && c.Request.Context() == c.ctx {
		*c.original = *c.Request.WithContext(c.original.Context())
	} else {
		*c.original = c.Request
	}
	if c.Request.Body == io.ReadCloser(c) {
		c.original.Body = body
	}
	if c.Request.Trailer == nil {
		c.original.Trailer = trailer
	}
}

// returnForms returns what is needed in any case. The rest would race with the
// server, which reads the body on behalf of the handler.
func (c *Copy) returnForms() {
	c.original.Pattern = c.Request.Pattern
	c.original.Form, c.original.PostForm = c.Request.Form, c.Request.PostForm
	c.original.MultipartForm = c.Request.MultipartForm
}

// Read implements io.Reader for the copy's body.
func (c *Copy) Read(p []byte) (int, error) {
	c.enter()
	defer c.readers.Add(-1)
	n, err := c.body.Read(p)
	c.read.Add(int64(n))
	if err == io.EOF {
		c.takeTrailer()
	}
	return n, err
}

// enter begins to read. Return, should it be at work, takes nanoseconds.
func (c *Copy) enter() {
	for c.readers.Add(1) < 0 {
		c.readers.Add(-1)
		runtime.Gosched()
	}
}

// takeTrailer copies trailers that the client had not announced: the server
// makes the map for them when it has read the body. Those that were announced
// are in a map that the copy shares.
func (c *Copy) takeTrailer() {
	if c.original.Trailer != nil && c.Request.Trailer == nil {
		c.Request.Trailer = c.original.Trailer
	}
}

// Linked reports whether the handlers' context is the one of New, by which they
// can find what it belongs to.
func (c *Copy) Linked() bool { return c.ctx != nil }

// BytesRead is how much of the body was read until now.
func (c *Copy) BytesRead() int64 { return c.read.Load() }

// Close implements io.Closer for the copy's body. The server reads what is left
// of a short one.
func (c *Copy) Close() error {
	c.enter()
	defer c.readers.Add(-1)
	err := c.body.Close()
	c.takeTrailer()
	return err
}
