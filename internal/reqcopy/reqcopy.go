// Package reqcopy gives handlers a copy of their request, whose body counts the bytes that are
// read.
//
// It has to be a copy: net/http's server inspects its own request's body when it writes the
// response header, to decide whether to wait for the rest of an upload, and does not recognize a
// substitute for the original. The package depends on the standard library only; the root
// package and adapters use it.
package reqcopy

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/slab"
)

// A Copy is a copy of a request, and the reader of its body.
type Copy struct {
	Request  http.Request
	original *http.Request
	ctx      context.Context // the context passed to New
	body     io.ReadCloser
	read     atomic.Int64 // atomic: a handler may go on reading after its timeout

	// The server writes to the original's Trailer while the body is read, and Return writes to
	// all of it: this counts the readers, or is returning.
	readers atomic.Int32
}

const returning = -1 << 30

var copies slab.Of[Copy]

// Needed reports whether a request has a body to count. Other requests keep theirs, so that
// comparing it with http.NoBody still works.
func Needed(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// New copies a request, with a different context if ctx is not nil.
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

// Return copies what handlers have set in the copy back to the original, for outer handlers and
// for the server, which removes the temporary files of a form: fields, path values, and a
// context that was replaced in place. The body remains the server's own, unless a handler has
// replaced it. All handlers must have returned.
func (c *Copy) Return() {
	if !c.readers.CompareAndSwap(0, returning) { // a handler runs on after its timeout
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

// returnForms returns the forms only. The rest would race with the server, which reads the body
// for the handler.
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

// enter marks the start of a read. It waits nanoseconds for a running Return.
func (c *Copy) enter() {
	for c.readers.Add(1) < 0 {
		c.readers.Add(-1)
		runtime.Gosched()
	}
}

// takeTrailer copies trailers that the client did not announce: the server creates the map for
// them after it has read the body. Announced trailers are in a map that the copy shares.
func (c *Copy) takeTrailer() {
	if c.original.Trailer != nil && c.Request.Trailer == nil {
		c.Request.Trailer = c.original.Trailer
	}
}

// Linked reports whether handlers have the context of New, which leads them to their exchange.
func (c *Copy) Linked() bool { return c.ctx != nil }

// BytesRead returns how much of the body has been read.
func (c *Copy) BytesRead() int64 { return c.read.Load() }

// Close implements io.Closer for the copy's body. The server reads the rest of a short one.
func (c *Copy) Close() error {
	c.enter()
	defer c.readers.Add(-1)
	err := c.body.Close()
	c.takeTrailer()
	return err
}
