package adapter

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"unsafe"

	"github.com/tacho-go/tacho/internal/engine"
)

// A Detached is an exchange that goes on after its handlers have returned: the framework is still
// sending the response. It is in flight until End. Its methods may be called from any goroutine,
// but not concurrently. Only End may be called concurrently.
type Detached engine.Detached

// Detach is for a response that is not complete when the handlers have returned: its body is a
// stream that the framework reads later, the connection was taken over, or an error handler still
// has to run. It ends the call as Leave does, and returns the exchange, which is recorded by
// [Detached.End] or at the end of a [Detached.Body]. It returns nil if there is nothing to end: the
// request belongs to another exchange, or is not measured.
//
// The strings of Enter and of o need not be valid after Detach. carrier takes the place of Enter's;
// it must be valid until the end. Nil keeps that of Enter. If a handler panicked, call Leave.
// o.Sent, o.Panicked and o.Kept are not used. Only calls from Enter can be detached.
func (c *Call) Detach(o Outcome, carrier Carrier) *Detached {
	status := cmp.Or(o.Status, http.StatusOK)
	return (*Detached)((*engine.Call)(c).Detach(o.Route, status, o.BytesIn, o.BytesOut, carrier))
}

func (d *Detached) engine() *engine.Detached { return (*engine.Detached)(d) }

// Exchange returns the exchange, to report what is known only now: WroteHeader for the status,
// SetBytesOut for the size.
func (d *Detached) Exchange() *Exchange { return (*Exchange)(d.engine().Exchange()) }

// End records the exchange, with the status of the Outcome unless another one was reported. Only
// the first call counts.
func (d *Detached) End() {
	if e := d.engine(); e.Claim() {
		e.End(nil)
	}
}

// Body returns a body for the framework to send in place of its own, r. It counts the bytes, and
// ends the exchange when it has been read to its end or is closed; one of these must happen. Close,
// CloseWithError and WriteTo (sendfile) work as those of r.
//
// size is the Content-Length, or -1 without one. Frameworks flush each piece of a body without a
// length. So an event stream then counts as a stream from its first piece on, any other body after
// a second. A body with a length is an ordinary response, however long it takes.
func (d *Detached) Body(r io.Reader, size int64, contentType string) io.ReadCloser {
	return &body{reader: r, end: d.engine(), size: size, contentType: strings.Clone(contentType)}
}

// A body is the body of a detached response. The goroutine that sends the response uses it.
type body struct {
	reader      io.Reader
	end         *engine.Detached
	size        int64
	contentType string

	sent     int64
	busy     bool // in a method of reader; still set at the end if that panicked
	complete bool
	closed   error // by Close
}

var errUnsent = errors.New("adapter: the response's body was closed before its end")

func (b *body) Read(p []byte) (int, error) {
	b.busy = true
	n, err := b.reader.Read(p)
	b.busy = false
	b.passed(int64(n), err == io.EOF)
	return n, err
}

// WriteTo is used for bodies with a length. io.Copy finds what reader and w can do together.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	if err := flushBefore(b.reader, w); err != nil {
		return 0, err
	}
	b.busy = true
	n, err := io.Copy(w, b.reader)
	b.busy = false
	b.passed(n, err == nil)
	return n, err
}

// flushBefore empties the buffer of w before a file, as the framework does for a body that it
// recognizes as one: bufio.Writer uses sendfile only then.
func flushBefore(r io.Reader, w io.Writer) error {
	if limited, ok := r.(*io.LimitedReader); ok {
		r = limited.R
	}
	f, buffers := w.(interface{ Flush() error })
	if _, file := r.(*os.File); file && buffers {
		return f.Flush()
	}
	return nil
}

// passed counts bytes. The response's head is sent before the first ones.
func (b *body) passed(n int64, complete bool) {
	b.sent += n
	b.complete = complete || b.sent == b.size
	if n == 0 && !complete {
		return
	}
	b.end.Sends()
	if b.size < 0 && n > 0 {
		b.end.Exchange().Flushed(b.contentType)
	}
	if complete {
		b.over()
	}
}

func (b *body) Close() error {
	if c, ok := b.reader.(io.Closer); ok {
		b.closed = c.Close()
	}
	b.over()
	return b.closed
}

// CloseWithError is called by fasthttp after Close.
func (b *body) CloseWithError(err error) error {
	if c, ok := b.reader.(interface{ CloseWithError(error) error }); ok {
		b.closed = c.CloseWithError(err)
	}
	b.over()
	return b.closed
}

// over ends the exchange.
func (b *body) over() {
	if !b.end.Claim() {
		return
	}
	var panicked any
	switch {
	case b.busy:
		panicked = errUnsent
	case !b.complete && !b.end.SendsNoBody():
		b.end.Exchange().WriteFailed(errUnsent)
	}
	b.end.Exchange().BytesOut = b.sent
	b.end.End(panicked)
}

// BodyField returns a function that finds the body stream of a request or response of type T: its
// unexported field of this name, an io.Reader. fasthttp has no other way to replace a body: its
// SetBodyStream closes the present one. If T has no such field, the function returns nil. Then end
// the exchange in another way, such as a value of the request that the framework closes.
func BodyField[T any](name string) func(*T) *io.Reader {
	f, ok := reflect.TypeFor[T]().FieldByName(name)
	if !ok || f.Type != reflect.TypeFor[io.Reader]() || len(f.Index) != 1 {
		return func(*T) *io.Reader { return nil }
	}
	return func(t *T) *io.Reader { return (*io.Reader)(unsafe.Add(unsafe.Pointer(t), f.Offset)) }
}
