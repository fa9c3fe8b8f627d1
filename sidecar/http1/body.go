package http1

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// A body is a response's body. It returns the connection to the pool at its end.
type body struct {
	io.ReadCloser
	*exchange
	keep  bool        // the connection can be reused
	ended atomic.Bool // it was read to its end
	over  atomic.Bool // it has released the connection
}

// Read implements io.Reader. After the request was canceled, it returns the context's error.
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
		} // otherwise, Close finishes it: sendBody has time until then
		return n, err
	}
	b.finish(false)
	if cause := b.request.Context().Err(); cause != nil {
		err = cause
	}
	return n, err
}

// Close implements io.Closer. Before the end of the body, it closes the connection. The Close of net/http's body
// would read the rest.
func (b *body) Close() error {
	b.finish(b.ended.Load() || b.ReadCloser == http.NoBody)
	return nil
}

// finish releases the connection once. whole tells that the body was read to its end.
func (b *body) finish(whole bool) {
	if b.over.Swap(true) {
		return
	}
	b.keep = b.stop() && b.keep // if cancel has started, the deadline has passed
	switch {
	case !whole:
		_ = b.conn.Close()
	case b.sent != nil && !b.isSent():
		go b.awaitSent()
	default:
		b.settle()
	}
}

// sendRest is how long sendBody may take after the response.
const sendRest = 50 * time.Millisecond

// awaitSent waits for sendBody. Usually the service has read the whole request, and sendBody is about to return.
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

// settle returns the connection to the pool if it can be reused.
func (b *body) settle() {
	if !b.keep || b.sendErr != nil || b.conn.reader.Buffered() > 0 {
		b.conn.recycle()
		return
	}
	b.transport.pool.put(b.conn, b.transport.MaxIdle, b.transport.IdleTimeout)
}
