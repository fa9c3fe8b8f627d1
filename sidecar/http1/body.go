package http1

import (
	"io"
	"net/http"
	"sync/atomic"
)

// A body is that of a response. When it is over, the connection is free for the next request.
type body struct {
	io.ReadCloser
	*exchange
	keep  bool        // the connection may serve another request
	ended atomic.Bool // it was read to its end
	over  atomic.Bool // the connection is not its own any more
}

// Read implements io.Reader. If the request was canceled, that is the error.
func (b *body) Read(p []byte) (int, error) {
	if b.over.Load() && !b.ended.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil:
		return n, nil
	case io.EOF:
		b.ended.Store(true)
		if b.sent == nil {
			b.finish(true)
		} // else Close does, which gives the rest of the request some time
		return n, err
	}
	b.finish(false)
	if cause := b.request.Context().Err(); cause != nil {
		err = cause
	}
	return n, err
}

// Close implements io.Closer. Before the body's end, it closes the connection: net/http's own would read the
// rest.
func (b *body) Close() error {
	b.finish(b.ended.Load() || b.ReadCloser == http.NoBody)
	return nil
}

// finish gives the connection back, or closes it. After the end of the body nobody reads from it any more.
func (b *body) finish(whole bool) {
	if b.over.Swap(true) {
		return
	}
	mine := b.stop() // otherwise the connection's deadline is over, or will be
	switch {
	case !whole, b.sent != nil && !(b.isSent() && b.sendErr == nil):
		_ = b.conn.Close()
	case !b.keep || !mine || b.conn.reader.Buffered() > 0:
		b.conn.recycle()
	default:
		b.transport.pool.put(b.conn, b.transport.MaxIdle, b.transport.IdleTimeout)
	}
}
