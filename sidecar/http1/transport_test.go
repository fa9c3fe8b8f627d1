package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/sidecar/http1"
)

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// A peer is a service that a test plays itself: it gets each connection that the transport opens.
type peer struct {
	*http1.Transport
	accepted chan *peerConn
	retries  atomic.Int64
}

type peerConn struct {
	net.Conn
	in *bufio.Reader
}

func newPeer(t *testing.T, transport *http1.Transport) *peer {
	t.Helper()
	p := &peer{Transport: transport, accepted: make(chan *peerConn, 8)}
	p.Retried = func(*http.Request) { p.retries.Add(1) }
	l := listen(t, func(conn net.Conn) {
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // a failing test ends
		p.accepted <- &peerConn{conn, bufio.NewReader(conn)}
	})
	p.Dial = func(ctx context.Context) (net.Conn, error) { return dial(ctx, l) }
	t.Cleanup(p.Close)
	return p
}

// read reads the header of the next request.
func (c *peerConn) read(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(c.in)
	if err != nil {
		t.Fatalf("the service reads: %v", err)
	}
	return r
}

func (c *peerConn) write(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("the service writes: %v", err)
	}
}

// awaitEnd waits until the transport has closed the connection.
func (c *peerConn) awaitEnd(t *testing.T) {
	t.Helper()
	if n, err := io.Copy(io.Discard, c.in); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is still open (%d bytes came)", n)
	}
}

// An answer is what RoundTrip returned.
type answer struct {
	res      *http.Response
	err      error
	attempts int
}

// begin sends a request on a goroutine of its own.
func (p *peer) begin(ctx context.Context, method string, body io.Reader) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		a := answer{attempts: 1}
		r, err := http.NewRequestWithContext(ctx, method, "http://service/", body)
		if err != nil {
			panic(err)
		}
		a.res, a.err = p.RoundTrip(r)
		a.attempts += int(p.retries.Load())
		done <- a
	}()
	return done
}

// whole returns the response's status and body.
func (a answer) whole(t *testing.T) (int, string) {
	t.Helper()
	if a.err != nil {
		t.Fatal(a.err)
	}
	defer a.res.Body.Close()
	text, err := io.ReadAll(a.res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.res.StatusCode, string(text)
}

// warm returns a connection that waits after its first request.
func (p *peer) warm(t *testing.T) *peerConn {
	t.Helper()
	first := p.begin(t.Context(), http.MethodGet, nil)
	c := <-p.accepted
	c.read(t)
	c.write(t, ok)
	if status, _ := (<-first).whole(t); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	return c
}

// TestRetries: only a request that may be repeated is sent again, only once the connection had served another
// one, and only if no response has begun.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name, method string
		body         io.Reader
		header       string // of the response, which breaks off
		attempts     int
	}{
		{"GET", http.MethodGet, nil, "", 2},
		{"POST", http.MethodPost, nil, "", 1},
		{"PUT with a body", http.MethodPut, strings.NewReader("x"), "", 1},
		{"GET with half a response", http.MethodGet, nil, "HTTP/1.1 200", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, &http1.Transport{MaxIdle: 1})
			old := p.warm(t)
			second := p.begin(t.Context(), c.method, c.body)
			old.read(t)
			old.write(t, c.header)
			_ = old.Close()
			if c.attempts > 1 {
				fresh := <-p.accepted
				fresh.read(t)
				fresh.write(t, ok)
			}
			a := <-second
			if failed := a.err != nil; failed != (c.attempts == 1) || a.attempts != c.attempts {
				t.Errorf("%d attempts, error %v; want %d attempts", a.attempts, a.err, c.attempts)
			}
		})
	}
}

// TestTimeoutIsFinal: a response that takes too long on a kept connection is no reason to send its request again:
// with many of them, a service that hangs would get it many times.
func TestTimeoutIsFinal(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1, ResponseTimeout: 50 * time.Millisecond})
	old := p.warm(t)
	second := p.begin(t.Context(), http.MethodGet, nil)
	old.read(t)
	if a := <-second; !errors.Is(a.err, os.ErrDeadlineExceeded) || a.attempts != 1 {
		t.Errorf("%d attempts, error %v; want one that times out", a.attempts, a.err)
	}
}

// TestUnreadBody: a service that does not read a body has some time for a piece of it.
func TestUnreadBody(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1, WriteTimeout: 50 * time.Millisecond})
	first := p.begin(t.Context(), http.MethodPut, bytes.NewReader(make([]byte, 64<<20)))
	<-p.accepted
	if a := <-first; !errors.Is(a.err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want a timeout", a.err)
	}
}

// A testConn is the transport's side of a connection.
type testConn struct {
	*net.TCPConn
	broken  atomic.Bool // writing fails
	lingers bool        // Close lets others run
}

// Close implements io.Closer.
func (c *testConn) Close() error {
	err := c.TCPConn.Close()
	for range 20 {
		if c.lingers {
			runtime.Gosched()
		}
	}
	return err
}

// Write implements io.Writer.
func (c *testConn) Write(p []byte) (int, error) {
	if c.broken.Load() {
		return 0, syscall.EPIPE
	}
	return c.TCPConn.Write(p)
}

// conns makes the transport's side of each connection available.
func (p *peer) conns() <-chan *testConn {
	dialed := make(chan *testConn, 8)
	dial := p.Dial
	p.Dial = func(ctx context.Context) (net.Conn, error) {
		nc, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		c := &testConn{TCPConn: nc.(*net.TCPConn)}
		dialed <- c
		return c, nil
	}
	return dialed
}

// TestNothingSent: a request of which nothing was sent may be sent again, whatever its method.
func TestNothingSent(t *testing.T) {
	for _, c := range []struct {
		name     string
		body     io.Reader
		attempts int
	}{{"POST", nil, 2}, {"POST with a body", strings.NewReader("x"), 1}} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, &http1.Transport{MaxIdle: 1})
			dialed := p.conns()
			p.warm(t)
			(<-dialed).broken.Store(true)
			second := p.begin(t.Context(), http.MethodPost, c.body)
			if c.attempts > 1 {
				fresh := <-p.accepted
				fresh.read(t)
				fresh.write(t, ok)
			}
			a := <-second
			if failed := a.err != nil; failed != (c.attempts == 1) || a.attempts != c.attempts {
				t.Errorf("%d attempts, error %v; want %d attempts", a.attempts, a.err, c.attempts)
			}
		})
	}
}

// TestOldDeadline: a connection that is idle for longer than a response may take is kept.
func TestOldDeadline(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1, ResponseTimeout: time.Hour})
	dialed := p.conns()
	old := p.warm(t)
	_ = (<-dialed).SetDeadline(time.Unix(1, 0)) // the hour is over
	second := p.begin(t.Context(), http.MethodPost, nil)
	old.read(t)
	old.write(t, ok)
	if status, text := (<-second).whole(t); status != http.StatusOK || text != "ok" {
		t.Errorf("%d %q", status, text)
	}
}

// TestNotSent: nothing is sent of a request that was canceled before, or that would be another one in HTTP/1.1. It
// costs no connection.
func TestNotSent(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx           context.Context
		method, query string
	}{
		"canceled":             {canceled, "GET", ""},
		"a space in a method":  {t.Context(), "GET /other HTTP/1.1\t", ""},
		"a line in a method":   {t.Context(), "GET / HTTP/1.1\r\n\r\nGET", ""},
		"a method of letters":  {t.Context(), "GÉT", ""},
		"a space in a query":   {t.Context(), "GET", "a HTTP/1.1 "},
		"a control in a query": {t.Context(), "GET", "a\x7f"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, &http1.Transport{MaxIdle: 1, ResponseTimeout: 10 * time.Second})
			old := p.warm(t)
			closed := false
			r := &http.Request{Method: c.method, URL: &url.URL{Scheme: "http", Host: "service", Path: "/", RawQuery: c.query}, Body: closeFunc(func() { closed = true })}
			if res, err := p.RoundTrip(r.WithContext(c.ctx)); err == nil || !closed {
				t.Errorf("%v, error %v, the body is closed: %v", res, err, closed)
			}
			second := p.begin(t.Context(), http.MethodGet, nil)
			if r := old.read(t); r.Method != "GET" || r.RequestURI != "/" {
				t.Errorf("the service got %s %s", r.Method, r.RequestURI)
			}
			old.write(t, ok)
			if status, text := (<-second).whole(t); status != http.StatusOK || text != "ok" {
				t.Errorf("%d %q", status, text)
			}
		})
	}
}

// A closeFunc is an empty body, and what closes it.
type closeFunc func()

// Read implements io.Reader.
func (closeFunc) Read([]byte) (int, error) { return 0, io.EOF }

// Close implements io.Closer.
func (f closeFunc) Close() error {
	f()
	return nil
}

// TestFreshConnection: a service that closes a new connection gets no second request.
func TestFreshConnection(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1})
	first := p.begin(t.Context(), http.MethodGet, nil)
	c := <-p.accepted
	c.read(t)
	_ = c.Close()
	if a := <-first; a.err == nil || a.attempts != 1 {
		t.Errorf("%d attempts, error %v; want one that fails", a.attempts, a.err)
	}
}

// TestClosedWhileIdle: the transport sees that the service has closed a connection, so that a request that must
// not be repeated does not fail.
func TestClosedWhileIdle(t *testing.T) {
	for name, last := range map[string]string{"without a word": "", "with a response to nobody": "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, &http1.Transport{MaxIdle: 1})
			old := p.warm(t)
			old.write(t, last)
			_ = old.Close() // on loopback, the other side knows when this returns
			second := p.begin(t.Context(), http.MethodPost, strings.NewReader("once"))
			fresh := <-p.accepted
			_, _ = io.Copy(io.Discard, fresh.read(t).Body)
			fresh.write(t, ok)
			if status, text := (<-second).whole(t); status != http.StatusOK || text != "ok" {
				t.Errorf("%d %q", status, text)
			}
		})
	}
}

// TestIdleConnections: how many wait for a request, and for how long.
func TestIdleConnections(t *testing.T) {
	t.Run("IdleTimeout", func(t *testing.T) {
		newPeer(t, &http1.Transport{MaxIdle: 1, IdleTimeout: 20 * time.Millisecond}).warm(t).awaitEnd(t)
	})
	t.Run("MaxIdle", func(t *testing.T) { newPeer(t, &http1.Transport{}).warm(t).awaitEnd(t) })
	t.Run("Close", func(t *testing.T) {
		p := newPeer(t, &http1.Transport{MaxIdle: 1})
		c := p.warm(t)
		p.Close()
		c.awaitEnd(t)
		p.warm(t).awaitEnd(t) // a request after it has a connection of its own
	})
}

// TestTimeout: the header of a response has a time limit, which begins after the request; its body has none.
func TestTimeout(t *testing.T) {
	const limit = 50 * time.Millisecond
	for _, body := range []string{"", "some"} {
		p := newPeer(t, &http1.Transport{MaxIdle: 1, ResponseTimeout: limit})
		first := p.begin(t.Context(), http.MethodPut, strings.NewReader(body))
		c := <-p.accepted
		var timeout net.Error
		if a := <-first; !errors.As(a.err, &timeout) || !timeout.Timeout() {
			t.Errorf("with a body of %q: %v", body, a.err)
		}
		c.awaitEnd(t)
	}
	t.Run("a body that takes longer", func(t *testing.T) {
		const limit = 300 * time.Millisecond
		p := newPeer(t, &http1.Transport{MaxIdle: 1, ResponseTimeout: limit})
		c := p.warm(t) // the deadline of its response is not that of the next request
		begin := time.Now()
		piece, send := io.Pipe()
		first := p.begin(t.Context(), http.MethodPut, piece)
		go func() {
			<-time.After(2 * limit)
			_, _ = send.Write([]byte("late"))
			_ = send.Close()
		}()
		_, _ = io.Copy(io.Discard, c.read(t).Body)
		c.write(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		a := <-first
		<-time.After(2 * limit)
		c.write(t, "k")
		if _, text := a.whole(t); text != "ok" || time.Since(begin) < 4*limit {
			t.Errorf("%q after %v", text, time.Since(begin))
		}
	})
}

// TestCancel: the end of a request's context ends waiting for the response and reading it, and the connection.
func TestCancel(t *testing.T) {
	for _, body := range []string{"", "some"} {
		p := newPeer(t, &http1.Transport{MaxIdle: 1, ResponseTimeout: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		first := p.begin(ctx, http.MethodPut, strings.NewReader(body))
		c := <-p.accepted
		_, _ = io.Copy(io.Discard, c.read(t).Body)
		cancel()
		if a := <-first; !errors.Is(a.err, context.Canceled) {
			t.Errorf("waiting, with a body of %q: %v", body, a.err)
		}
		c.awaitEnd(t)
	}
	p := newPeer(t, &http1.Transport{MaxIdle: 1})
	ctx, cancel := context.WithCancel(t.Context())
	first := p.begin(ctx, http.MethodGet, nil)
	c := <-p.accepted
	c.read(t)
	c.write(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
	a := <-first
	cancel()
	if _, err := io.ReadAll(a.res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	c.awaitEnd(t)
}

// TestCloseBeforeEnd: a response that nobody reads to its end costs its connection, and no time.
func TestCloseBeforeEnd(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1})
	first := p.begin(t.Context(), http.MethodGet, nil)
	c := <-p.accepted
	c.read(t)
	c.write(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
	a := <-first
	_ = a.res.Body.Close()
	if _, err := a.res.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("reading after Close: %v", err)
	}
	c.awaitEnd(t)
}

// TestRefusedBody: a service responds to the header of a large request and closes the connection. The response
// arrives, although the rest of the request cannot be sent.
func TestRefusedBody(t *testing.T) {
	for range 20 {
		p := newPeer(t, &http1.Transport{MaxIdle: 1})
		first := p.begin(t.Context(), http.MethodPost, bytes.NewReader(make([]byte, 16<<20)))
		c := <-p.accepted
		c.read(t)
		c.write(t, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge")
		_ = c.Close() // with unread bytes: the other side gets a reset
		if status, text := (<-first).whole(t); status != http.StatusRequestEntityTooLarge || text != "large" {
			t.Errorf("%d %q", status, text)
		}
	}
}

// TestCauseOfFailure: what the service did is the error, not that the transport then closes a connection on which it
// still sends.
func TestCauseOfFailure(t *testing.T) {
	for range 200 {
		p := newPeer(t, &http1.Transport{MaxIdle: 1})
		dialed := p.conns()
		first := p.begin(t.Context(), http.MethodPost, bytes.NewReader(make([]byte, 1<<20)))
		c := <-p.accepted
		(<-dialed).lingers = true
		c.read(t)
		c.write(t, "garbage\r\n\r\n")
		var malformed *http1.MalformedError
		if a := <-first; !errors.As(a.err, &malformed) {
			t.Fatal(a.err)
		}
		_ = c.Close()
	}
}

// TestBothDirections: a response may begin before its request ends. Then both go on.
func TestBothDirections(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1})
	piece, send := io.Pipe()
	first := p.begin(t.Context(), http.MethodPost, piece)
	c := <-p.accepted
	body := c.read(t).Body
	c.write(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	a := <-first
	for range 3 {
		if _, err := io.WriteString(send, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
			t.Fatalf("the service reads: %v", err)
		}
		c.write(t, "1\r\ny\r\n")
		if _, err := io.ReadFull(a.res.Body, make([]byte, 1)); err != nil {
			t.Fatalf("reading the response: %v", err)
		}
	}
	_ = send.Close()
	_, _ = io.Copy(io.Discard, body)
	c.write(t, "0\r\n\r\n")
	if _, text := a.whole(t); text != "" {
		t.Errorf("the rest of the response: %q", text)
	}
}

// TestResponseBeforeEnd: a response may end before its request does. The client gets it at once, and the rest of
// the request is not sent.
func TestResponseBeforeEnd(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1})
	piece, send := io.Pipe()
	defer send.Close()
	first := p.begin(t.Context(), http.MethodPost, piece)
	c := <-p.accepted
	c.read(t)
	c.write(t, ok)
	if _, text := (<-first).whole(t); text != "ok" {
		t.Errorf("the response: %q", text)
	}
	c.awaitEnd(t)
	second := p.begin(t.Context(), http.MethodGet, nil)
	c = <-p.accepted
	c.read(t)
	c.write(t, ok)
	if _, text := (<-second).whole(t); text != "ok" {
		t.Errorf("the next response: %q", text)
	}
}

// TestKeptAfterBodies: requests with bodies, one after the other, have one connection.
func TestKeptAfterBodies(t *testing.T) {
	s := startRaw(t, ok, false)
	transport := &http1.Transport{Dial: s.dial, MaxIdle: 4}
	defer transport.Close()
	for range 300 {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://service/", strings.NewReader("some"))
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	if n := s.opened.Load(); n > 4 {
		t.Errorf("300 requests had %d connections", n)
	}
}

// TestBodyFails: the error of reading a request's body is that of the request, and ends the connection.
func TestBodyFails(t *testing.T) {
	p := newPeer(t, &http1.Transport{MaxIdle: 1})
	wrong := errors.New("wrong")
	piece, send := io.Pipe()
	first := p.begin(t.Context(), http.MethodPost, piece)
	c := <-p.accepted
	c.read(t)
	_ = send.CloseWithError(wrong)
	if a := <-first; a.err == nil || a.err.Error() != wrong.Error() { // net/http hides it from errors.Is
		t.Errorf("error %v, want that of the body", a.err)
	}
	c.awaitEnd(t)
}

// TestTakes: requests that need more than a response.
func TestTakes(t *testing.T) {
	for name, want := range map[string]bool{"Accept": true, "Upgrade": false, "Expect": false} {
		if got := http1.Takes(&http.Request{Header: http.Header{name: {"x"}}}); got != want {
			t.Errorf("with the header %s: %v", name, got)
		}
	}
}

// TestBrokenUpload: the error of sending a body is that of the connection, as it is without a body.
func TestBrokenUpload(t *testing.T) {
	p := newPeer(t, &http1.Transport{})
	dialed := p.conns()
	piece, send := io.Pipe()
	first := p.begin(t.Context(), http.MethodPost, piece)
	(<-p.accepted).read(t)
	(<-dialed).broken.Store(true)
	_, _ = io.WriteString(send, "some")
	if a := <-first; !errors.Is(a.err, syscall.EPIPE) {
		t.Errorf("error %v, want that of the connection", a.err)
	}
}
