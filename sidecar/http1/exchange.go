package http1

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"time"
)

// An exchange is a request on a connection, and its response.
type exchange struct {
	transport *Transport
	conn      *conn
	request   *http.Request
	stop      func() bool   // of context.AfterFunc
	sent      chan struct{} // closed when sendBody has ended, nil without a body
	sendErr   error         // of sendBody, valid once sent is closed

	mu       sync.Mutex // guards the connection's deadlines
	headed   bool       // the response's header has been read: no read deadline applies
	canceled bool       // the deadline has passed and must not be extended
}

// do sends the request and reads the header of the response. After an error, the caller closes the connection.
func (e *exchange) do() (*http.Response, error) {
	if e.conn.beforeWrite = nil; hasBody(e.request) {
		e.limit(e.conn.SetDeadline, 0) // sendBody sets the deadlines
		e.conn.beforeWrite = e.extend
	} else {
		e.limit(e.conn.SetDeadline, e.transport.ResponseTimeout)
	}
	e.stop = context.AfterFunc(e.request.Context(), e.cancel)
	res, err := e.roundTrip()
	if err != nil {
		e.stop()
		return nil, err
	}
	if e.sent != nil || !e.conn.hasAll(res) {
		e.open()
	}
	b := &body{ReadCloser: res.Body, exchange: e, keep: !res.Close && !e.request.Close && res.StatusCode != http.StatusSwitchingProtocols}
	if res.Body == http.NoBody && e.sent == nil {
		b.finish(true)
		return res, nil
	}
	res.Body = b
	return res, nil
}

func (e *exchange) roundTrip() (*http.Response, error) {
	if !hasBody(e.request) {
		if err := e.conn.send(e.request); err != nil {
			return nil, err
		}
		return e.conn.receive(e.request)
	}
	e.sent = make(chan struct{})
	go e.sendBody()
	res, err := e.conn.receive(e.request)
	if err == nil {
		return res, nil
	}
	_ = e.conn.Close()
	if cause := e.sendError(); cause != nil && !errors.Is(cause, net.ErrClosed) { // that is Close's
		err = cause
	}
	return nil, err
}

// sendError returns the error of sendBody, nil if it has not ended. A server cancels the context of a request
// when reading its body fails. Then sendBody is about to end, and its error is the cause.
func (e *exchange) sendError() error {
	if e.request.Context().Err() != nil {
		<-e.sent
	}
	if !e.isSent() {
		return nil
	}
	return e.sendErr
}

// isSent reports whether sendBody has ended.
func (e *exchange) isSent() bool {
	select {
	case <-e.sent:
		return true
	default:
		return false
	}
}

// afterFailure limits the wait for a response after a failed write. A response that the service sent before it
// closed the connection has already arrived.
const afterFailure = 100 * time.Millisecond

// sendBody sends a request with its body. An error of the body ends receive. A failed write does not: a service
// that rejects the body may have responded before it closed the connection.
func (e *exchange) sendBody() {
	e.sendErr = e.conn.send(e.request)
	close(e.sent)
	switch {
	case e.sendErr == nil:
		e.expect(e.transport.ResponseTimeout)
	case e.conn.writeErr != nil:
		e.expect(afterFailure)
	default:
		e.cancel()
	}
}

// expect sets the deadline for the response's header, none if the timeout is 0.
func (e *exchange) expect(timeout time.Duration) { e.limit(e.conn.SetReadDeadline, timeout) }

// limit sets a deadline, none if the timeout is 0. None applies any more once the response has begun.
func (e *exchange) limit(set func(time.Time) error, timeout time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.headed || e.canceled {
		return
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	_ = set(deadline)
}

// extend limits the time for the next piece of a body. Otherwise, a service that does not read it would keep its request
// forever, even without the client: nobody reads from the client meanwhile.
func (e *exchange) extend() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if timeout := e.transport.WriteTimeout; timeout > 0 && !e.canceled {
		_ = e.conn.SetWriteDeadline(time.Now().Add(timeout))
	}
}

// hasAll reports whether the whole response is buffered. Nothing is read before the next request then, which
// sets a new deadline.
func (c *conn) hasAll(res *http.Response) bool {
	return res.Body == http.NoBody || res.ContentLength > 0 && int64(c.reader.Buffered()) >= res.ContentLength
}

// open removes the read deadline: the response's body has none.
func (e *exchange) open() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.headed = true
	if !e.canceled {
		_ = e.conn.SetReadDeadline(time.Time{})
	}
}

// cancel ends reading and writing.
func (e *exchange) cancel() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.canceled = true
	_ = e.conn.SetDeadline(past)
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, bufferSize) }}

// send writes a request.
func (c *conn) send(r *http.Request) error {
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(c)
	defer w.Reset(nil)
	err := r.Write(w)
	if err == nil {
		err = w.Flush()
	}
	if c.writeErr != nil {
		return c.writeErr // net/http hides it in its own
	}
	return err
}

// receive reads the response's header, and passes informational responses to the request's trace.
func (c *conn) receive(r *http.Request) (*http.Response, error) {
	c.left = maxHeader
	for {
		res, err := http.ReadResponse(c.reader, r)
		switch {
		case err != nil && c.failed:
			return nil, err
		case err != nil:
			return nil, &MalformedError{err}
		case res.StatusCode >= http.StatusOK, res.StatusCode == http.StatusSwitchingProtocols:
			c.left = noLimit
			return res, nil
		case res.StatusCode < http.StatusContinue:
			return nil, &MalformedError{fmt.Errorf("status code %d", res.StatusCode)}
		}
		trace := httptrace.ContextClientTrace(r.Context())
		if trace == nil || trace.Got1xxResponse == nil {
			continue
		}
		if err := trace.Got1xxResponse(res.StatusCode, textproto.MIMEHeader(res.Header)); err != nil {
			return nil, err
		}
		c.left = maxHeader
	}
}
