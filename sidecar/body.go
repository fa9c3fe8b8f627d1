package sidecar

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// A requestBody is the body that a client sends. It keeps the error of reading it, which tells the
// client's faults from the upstream's, and limits the time between two reads. A transport may read it after the
// request, when the connection is not its own any more.
type requestBody struct {
	io.ReadCloser                          // nil if the request has none
	control       *http.ResponseController // of the client's connection
	timeout       time.Duration
	length        int64 // -1 if not known
	stream        bool  // of HTTP/2, whose server waits for no rest
	expects       bool  // the server sends 100 as soon as it is read

	reading sync.Mutex // held while the client's bytes are read
	silent  bool       // the client waits for 100 before it sends anything

	mu    sync.Mutex
	err   error
	whole bool  // it was read to its end, perhaps after it was closed: then a transport must not take it for whole
	over  error // what further reads return, once the end was read or the body is closed
}

// maxUnread is how many bytes of a body are read after the response, so that the connection can serve the next
// request: what net/http's server takes.
const maxUnread = 256 << 10

// Read implements io.Reader. The deadline is removed at the body's end: the server goes on reading
// to notice a client that disconnects. After an error the deadline is over: otherwise the server would wait
// for the rest of the body, to discard it.
func (b *requestBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if err := b.limit(time.Now().Add(b.timeout)); err != nil {
		return 0, err
	}
	b.silent = false
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil:
	case io.EOF:
		_ = b.limit(time.Time{})
		b.end(io.EOF)
	default:
		_ = b.limit(time.Now())
		b.fail(err)
	}
	return n, err
}

// Close ends reading. The server closes its own body after the request.
func (b *requestBody) Close() error {
	b.end(http.ErrBodyReadAfterClose)
	return nil
}

// limit sets the deadline of reading, until the body is over: then the connection waits for the client to
// disconnect, or for its next request.
func (b *requestBody) limit(deadline time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over == nil {
		_ = b.control.SetReadDeadline(deadline)
	}
	return b.over
}

func (b *requestBody) end(over error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.whole = b.whole || over == io.EOF
	if b.over == nil {
		b.over = over
	}
}

// isWhole reports whether nothing of the body is left to read.
func (b *requestBody) isWhole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ReadCloser == nil || b.whole
}

// drain reads what the client still sends, in the time of one read: many clients read the response only when
// they have sent everything. The server would wait without end.
func (b *requestBody) drain() {
	_ = b.Close()
	b.reading.Lock()
	defer b.reading.Unlock()
	switch {
	case b.stream || b.isWhole() || b.failure() != nil:
		return
	case b.silent:
		_ = b.control.SetReadDeadline(time.Now())
		return
	}
	_ = b.control.SetReadDeadline(time.Now().Add(b.timeout))
	switch _, err := io.CopyN(io.Discard, b.ReadCloser, maxUnread); err {
	case nil:
	case io.EOF:
		b.end(io.EOF)
		_ = b.control.SetReadDeadline(time.Time{})
	default:
		_ = b.control.SetReadDeadline(time.Now())
	}
}

// abandon ends a read in progress, and makes the server wait for nothing.
func (b *requestBody) abandon() {
	if b.isWhole() {
		return
	}
	_ = b.Close()
	_ = b.control.SetReadDeadline(time.Now()) // stays, because the body is over
	b.reading.Lock()
	defer b.reading.Unlock()
}

func (b *requestBody) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
}

// failure returns the error of reading the body, if there was one.
func (b *requestBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// A responseBody is the body of the upstream's response. It keeps the error of reading it.
type responseBody struct {
	io.ReadCloser
	err error
}

// Read implements io.Reader.
func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
