// Package connwatch sees what handlers send before they return, on the connection that their
// framework has for them.
package connwatch

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/tacho-go/tacho/adapter"
)

// A Conn is a connection with buffers. Its methods are those of Hertz's network.Conn.
type Conn interface {
	net.Conn
	Peek(n int) ([]byte, error)
	Skip(n int) error
	Release() error
	Len() int
	ReadByte() (byte, error)
	ReadBinary(n int) ([]byte, error)
	Malloc(n int) ([]byte, error)
	WriteBinary(b []byte) (int, error)
	Flush() error
	SetReadTimeout(t time.Duration) error
	SetWriteTimeout(t time.Duration) error
}

// TLS is what a Conn with TLS has besides.
type TLS interface {
	Handshake() error
	ConnectionState() tls.ConnectionState
}

// A Head is that of the response.
type Head interface {
	StatusCode() int
	ContentType() []byte
}

// A Watch is a Conn for handlers, in place of their framework's own. It reports to their call what
// they send. Only their goroutine may use it.
type Watch struct {
	Conn
	Written bool // something, into the buffer
	Taken   bool // a handler has taken the connection over
	// Chunks is how many bytes a body has if the framework's writer for chunks has sent it: one that
	// asks for the room of the head, then for that of each chunk.
	Chunks int64

	head   Head
	call   *adapter.Call // nil after End
	secure secure
}

// secure is the Watch of a connection with TLS.
type secure struct {
	*Watch
	TLS
}

// Begin begins to watch. It returns the Conn that should take the place of the framework's own, nil
// if that is nil, as in tests.
func (w *Watch) Begin(own Conn, head Head, call *adapter.Call) Conn {
	w.Conn, w.head, w.call, w.Written, w.Taken, w.Chunks = own, head, call, false, false, 0
	if own == nil {
		return nil
	}
	if with, ok := own.(TLS); ok {
		call.Exchange().Secure()
		w.secure = secure{w, with}
		return &w.secure
	}
	return w
}

// End is the end of the handlers. Given the present connection, it returns the framework's own, and
// whether that has to take its place again. Writers that have the Watch finish with it.
func (w *Watch) End(present any) (own Conn, changed bool) {
	w.call = nil
	return w.Conn, w.Conn != nil && (present == any(w) || present == any(&w.secure))
}

// chunkSize returns the size of the data in a chunk of n bytes. Before the data is its size in
// hexadecimal digits, and both end in CRLF.
func chunkSize(n int) int64 {
	for digits, most := 1, 15; n > 4; digits, most = digits+1, most*16+15 {
		if size := n - 4 - digits; size <= most {
			return int64(size)
		}
	}
	return 0 // the end of the body
}

// Malloc returns room in the buffer.
func (w *Watch) Malloc(n int) ([]byte, error) {
	if w.Written {
		w.Chunks += chunkSize(n)
	}
	w.Written = true
	return w.Conn.Malloc(n)
}

// WriteBinary puts b into the buffer.
func (w *Watch) WriteBinary(b []byte) (int, error) {
	w.Written = true
	return w.Conn.WriteBinary(b)
}

// Flush sends the buffer.
func (w *Watch) Flush() error {
	if w.call == nil || !w.Written {
		return w.Conn.Flush()
	}
	x := w.call.Exchange()
	x.WroteHeader(w.call.Context, w.head.StatusCode())
	err := w.Conn.Flush()
	x.WriteFailed(err)
	x.Flushed(string(w.head.ContentType()))
	return err
}

// Write is used only by those that took the connection over, such as handlers of net/http.
func (w *Watch) Write(p []byte) (int, error) {
	if w.call != nil {
		w.Taken = true
		w.call.Exchange().Hijack()
	}
	return w.Conn.Write(p)
}
