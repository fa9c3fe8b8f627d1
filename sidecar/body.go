package sidecar

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// A requestBody is the body that a client sends. It keeps the error of reading it, which tells the
// client's faults from the upstream's, and limits the time between two reads.
type requestBody struct {
	io.ReadCloser
	control *http.ResponseController // of the client's connection
	timeout time.Duration

	mu  sync.Mutex
	err error
}

// Read implements io.Reader. The deadline is removed at the body's end: the server goes on reading
// to notice a client that disconnects. After an error the deadline is over: otherwise the server would wait
// for the rest of the body, to discard it.
func (b *requestBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(b.timeout))
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil:
	case io.EOF:
		_ = b.control.SetReadDeadline(time.Time{})
	default:
		_ = b.control.SetReadDeadline(time.Now())
		b.fail(err)
	}
	return n, err
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
