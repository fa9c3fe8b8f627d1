// Package reqcopy gives handlers a copy of their request whose body is counted
// as it is read.
//
// It has to be a copy: net/http's server looks at its own request's body when
// it writes the response's header, to decide whether to wait for the rest of an
// upload, and does not recognise a body that stands in for the original.
package reqcopy

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/slab"
)

// A Copy is a request's copy and the reader of its body.
type Copy struct {
	Request  http.Request
	original *http.Request
	body     io.ReadCloser
	read     atomic.Int64 // a handler may read on when its time is up
}

var copies slab.Of[Copy]

// Needed reports whether a request has a body to count. One that has none keeps
// it, so that comparing it with http.NoBody still works.
func Needed(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// New copies a request, with another context if ctx is not nil.
func New(r *http.Request, ctx context.Context) *Copy {
	c := copies.New()
	c.original = r
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

// Return gives the original what handlers leave behind in a request: the
// pattern for the handlers around us, and the forms, whose temporary files the
// server removes at the end.
func (c *Copy) Return() {
	c.original.Pattern = c.Request.Pattern
	c.original.Form, c.original.PostForm = c.Request.Form, c.Request.PostForm
	c.original.MultipartForm = c.Request.MultipartForm
}

// Read implements io.Reader for the copy's body.
func (c *Copy) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// BytesRead is how much of the body was read until now.
func (c *Copy) BytesRead() int64 { return c.read.Load() }

// Close implements io.Closer for the copy's body.
func (c *Copy) Close() error { return c.body.Close() }
