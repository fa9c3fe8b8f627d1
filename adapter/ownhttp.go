package adapter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"unsafe"
)

// OwnHTTP is what adapters have in common for frameworks that parse HTTP themselves, and use the
// memory of a request again, such as fasthttp and Hertz. Embed it in the adapter's own type for a
// request.
type OwnHTTP struct {
	Stack        Stack
	Method, Path string // in memory of its own, because handlers may change the framework's
	Upload       Upload
	// Panicked means that a handler panicked and that a recovery further outside answers.
	Panicked bool

	text []byte
}

// Describe copies the method and the path of a request that begins.
func (o *OwnHTTP) Describe(method, path []byte) {
	o.text = append(append(o.text[:0], method...), path...)
	o.Method, o.Path = text(o.text[:len(method)]), text(o.text[len(method):])
	o.Panicked = false
}

var errPanicked = errors.New("a handler panicked")

// Recovered reports the status of a response that is complete, if it answers a panic. ctx is as for
// [Exchange.WroteHeader].
func (o *OwnHTTP) Recovered(ctx context.Context, x *Exchange, status int) {
	if o.Panicked {
		x.WroteHeader(ctx, status)
		x.Settle(ctx, status, errPanicked)
	}
}

// HTTP implements Carrier.
func (o *OwnHTTP) HTTP() *http.Request { return nil }

// Writer implements Carrier.
func (o *OwnHTTP) Writer() http.ResponseWriter { return nil }

// An Upload counts the body of a request: set Bytes if the framework has read all of it before the
// handlers, else Count what they read.
type Upload struct {
	Bytes int64 // so far, -1 if they are not known

	stream io.Reader
}

// Count begins to count. It returns the stream that should take the place of the framework's own.
func (u *Upload) Count(own io.Reader) io.Reader {
	u.stream, u.Bytes = own, 0
	return u
}

// End is the end of the handlers. Given the present stream, it returns the framework's own, which
// reads it to the end and may use it again, and whether that is another one.
func (u *Upload) End(present io.Reader) (own io.Reader, changed bool) {
	own, changed = present, u.stream != nil && present == io.Reader(u)
	if changed {
		own = u.stream
	}
	u.stream = nil
	return own, changed
}

// Read implements io.Reader.
func (u *Upload) Read(p []byte) (int, error) {
	n, err := u.stream.Read(p)
	u.Bytes += int64(n)
	return n, err
}

// A StreamHead is the head of a response whose body is a stream. Those of fasthttp and Hertz are
// StreamHeads.
type StreamHead interface {
	ContentLength() int
	SetContentLength(int)
	ContentType() []byte
}

// BodyOf is [Detached.Body] with the size and the type that the head has. Frameworks take the length
// of an io.LimitedReader, which they would not recognize any more: so the head gets it.
func (d *Detached) BodyOf(head StreamHead, r io.Reader) io.ReadCloser {
	size := int64(head.ContentLength())
	if limited, ok := r.(*io.LimitedReader); ok && size < 0 {
		size = limited.N
		head.SetContentLength(int(size))
	}
	return d.Body(r, size, text(head.ContentType()))
}

// text is a string in the memory of b.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
