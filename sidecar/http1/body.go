package http1

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
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
		} // else Close does: the rest of the request has time until then
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
	b.keep = b.stop() && b.keep // otherwise the connection's deadline is over, or will be
	switch {
	case !whole:
		_ = b.conn.Close()
	case b.sent != nil && !b.isSent():
		go b.awaitSent()
	default:
		b.settle()
	}
}

// sendRest is how long a request may go on after its response.
const sendRest = 50 * time.Millisecond

// awaitSent lets a request end. Mostly the service has all of it, and its sender is about to know.
func (b *body) awaitSent() {
	timer := time.NewTimer(sendRest)
	defer timer.Stop()
	select {
	case <-b.sent:
		b.settle()
	case <-timer.C:
		_ = b.conn.Close()
	}
}

// settle decides whether the connection may serve another request.
func (b *body) settle() {
	if !b.keep || b.sendErr != nil || b.conn.reader.Buffered() > 0 {
		b.conn.recycle()
		return
	}
	b.transport.pool.put(b.conn, b.transport.MaxIdle, b.transport.IdleTimeout)
}
