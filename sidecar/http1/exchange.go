package http1

import (
	"bufio"
	"context"
	"fmt"
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
	trace     *httptrace.ClientTrace
	stop      func() bool   // ends waiting for the end of the request's context
	sent      chan struct{} // closed when the request with its body was sent, nil if it has none
	sendErr   error         // why it was not, once sent is closed

	mu       sync.Mutex // of the connection's deadline
	headed   bool       // the response's header has come: it has no deadline any more
	canceled bool       // the deadline is over and stays so
}

// do sends the request and reads the header of the response. After an error, the caller closes the connection.
func (e *exchange) do() (*http.Response, error) {
	if hasBody(e.request) {
		e.expect(0) // it takes what it takes
	} else {
		e.expect(e.transport.ResponseTimeout)
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
		return e.conn.receive(e.request, e.trace)
	}
	e.sent = make(chan struct{})
	go e.sendBody()
	res, err := e.conn.receive(e.request, e.trace)
	if err == nil {
		return res, nil
	}
	_ = e.conn.Close()
	if cause := e.sendError(); cause != nil {
		err = cause
	}
	return nil, err
}

// sendError returns why the request could not be sent, as far as that is known. The end of its context ends
// reading its body, too, and a server ends it because reading failed: only the body's error tells why.
func (e *exchange) sendError() error {
	if e.request.Context().Err() != nil {
		<-e.sent
	}
	if !e.isSent() {
		return nil
	}
	return e.sendErr
}

// isSent reports whether nobody sends any more.
func (e *exchange) isSent() bool {
	select {
	case <-e.sent:
		return true
	default:
		return false
	}
}

// afterFailure is how long a service may take to respond after it has refused the rest of a request. What it had
// sent before is there at once.
const afterFailure = 100 * time.Millisecond

// sendBody sends a request with its body. If that fails, receive must end, but a service that does not want
// the rest may have responded before it closed the connection.
func (e *exchange) sendBody() {
	err := e.conn.send(e.request)
	e.sendErr = err
	close(e.sent)
	switch {
	case err == nil:
		e.expect(e.transport.ResponseTimeout)
	case e.conn.refused.Load():
		e.expect(afterFailure)
	default:
		e.cancel()
	}
}

// expect sets the time until the header of the response.
func (e *exchange) expect(timeout time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.headed || e.canceled {
		return
	}
	var deadline time.Time
	if timeout > 0 {
		deadline = time.Now().Add(timeout)
	}
	_ = e.conn.SetReadDeadline(deadline)
}

// hasAll reports whether a response has come with its header, so that nothing more is read before the next request,
// which sets the deadline anew.
func (c *conn) hasAll(res *http.Response) bool {
	return res.Body == http.NoBody || res.ContentLength > 0 && int64(c.reader.Buffered()) >= res.ContentLength
}

// open removes the deadline: the body of the response takes what it takes.
func (e *exchange) open() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.headed = true
	if !e.canceled {
		_ = e.conn.SetReadDeadline(time.Time{})
	}
}

// cancel ends what is read or written.
func (e *exchange) cancel() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.canceled = true
	_ = e.conn.SetDeadline(past)
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, bufferSize) }}

// send writes a request.
func (c *conn) send(r *http.Request) error {
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(c)
	defer w.Reset(nil)
	if err := r.Write(w); err != nil {
		return err
	}
	return w.Flush()
}

// receive reads the header of the response. Those of informational ones before it are passed on.
func (c *conn) receive(r *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
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
		case trace == nil || trace.Got1xxResponse == nil:
			continue
		}
		if err := trace.Got1xxResponse(res.StatusCode, textproto.MIMEHeader(res.Header)); err != nil {
			return nil, err
		}
		c.left = maxHeader
	}
}
