package sidecar_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/sidecar"
)

const upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// tunneled starts a proxy in front of a server that accepts every upgrade, and gets its connection.
func tunneled(t *testing.T, serve func(net.Conn, *bufio.Reader), change ...func(*sidecar.Options)) *running {
	return startFor(t, "http://"+listenRaw(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Header.Get("Upgrade") == "" {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Hop\r\nUpgrade: websocket\r\nX-Hop: 1\r\nX-Mine: 1\r\n\r\n")
		serve(c, in)
	}), change...)
}

// open sends an upgrade with further bytes in the same packet, and reads the response's header.
func (r *running) open(further string) (net.Conn, *bufio.Reader) {
	r.t.Helper()
	c := r.dial()
	r.t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, upgrade+further); err != nil {
		r.t.Fatal(err)
	}
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode != 101 || res.Header.Get("Upgrade") != "websocket" || res.Header.Get("X-Mine") != "1" || res.Header.Get("X-Hop") != "" {
		r.t.Errorf("%s %v", res.Status, res.Header)
	}
	return c, in
}

func echoTunnel(c net.Conn, in *bufio.Reader) {
	_, _ = io.Copy(c, in)
	_ = c.(*net.TCPConn).CloseWrite()
}

// TestTunnel: bytes pass in both directions, those in the packet of the request included, and each
// direction ends on its own. It is recorded as a stream with status 101.
func TestTunnel(t *testing.T) {
	r := tunneled(t, echoTunnel)
	c, in := r.open("first ")
	got := make([]byte, len("first "))
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "first " {
		t.Fatalf("%q, %v", got, err)
	}
	r.await("tacho_proxy_tunnels 1")
	r.await("http_streams_in_flight 1")
	if _, err := io.WriteString(c, "second"); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(in); string(rest) != "second" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	r.await("tacho_proxy_tunnels 0")
	r.await("http_streams_in_flight 0")
	r.await(`http_requests_total{method="GET",path="/chat",status="101"} 1`)
}

// TestTunnelWaits: a service may read from a tunnel when it likes. The time to accept a request is no limit of it.
func TestTunnelWaits(t *testing.T) {
	const timeout = 50 * time.Millisecond
	full := make(chan struct{})
	got := make(chan int64, 1)
	r := tunneled(t, func(_ net.Conn, in *bufio.Reader) {
		<-full
		n, _ := io.Copy(io.Discard, in)
		got <- n
	}, func(o *sidecar.Options) { o.ResponseTimeout = timeout })
	c, _ := r.open("")
	var sent int64
	for piece := make([]byte, 1<<20); ; {
		_ = c.SetWriteDeadline(time.Now().Add(4 * timeout))
		n, err := c.Write(piece)
		sent += int64(n)
		if err != nil {
			break // all buffers have been full for longer than the timeout
		}
	}
	close(full)
	_ = c.(*net.TCPConn).CloseWrite()
	if n := <-got; n != sent {
		t.Errorf("the service got %d of %d bytes", n, sent)
	}
}

// TestTunnelEndsWithEitherSide: no connection and no goroutine remains, whichever side goes.
func TestTunnelEndsWithEitherSide(t *testing.T) {
	t.Run("client", func(t *testing.T) {
		ended := make(chan struct{})
		r := tunneled(t, func(c net.Conn, in *bufio.Reader) {
			_, _ = io.Copy(io.Discard, in)
			close(ended)
		})
		c, _ := r.open("")
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
		<-ended
		r.await("tacho_proxy_tunnels 0")
	})
	t.Run("service", func(t *testing.T) {
		r := tunneled(t, func(c net.Conn, _ *bufio.Reader) { _ = c.(*net.TCPConn).SetLinger(0) })
		_, in := r.open("")
		_, _ = io.ReadAll(in)
		r.await("tacho_proxy_tunnels 0")
	})
}

// TestTunnelAndLimits: a tunnel is not subject to the client's timeout, and does not take a slot of
// the concurrent requests.
func TestTunnelAndLimits(t *testing.T) {
	r := tunneled(t, echoTunnel, func(o *sidecar.Options) {
		o.ClientTimeout, o.MaxConcurrent, o.MaxQueue = 100*time.Millisecond, 1, 5*time.Second
	})
	c, in := r.open("")
	if got := get(r, "/b"); !strings.HasPrefix(got, "400 ") { // not 503
		t.Errorf("beside a tunnel: %s", got)
	}
	time.Sleep(150 * time.Millisecond) // longer than the timeout
	_, _ = io.WriteString(c, "late")
	got := make([]byte, 4)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "late" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestDrain: at shutdown, requests in progress end, and tunnels are closed when the time is over.
func TestDrain(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{})
	upstream := listenRaw(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Header.Get("Upgrade") != "" {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Mine: 1\r\n\r\n")
			echoTunnel(c, in)
			return
		}
		close(entered)
		<-release
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
	})
	p, err := sidecar.New(sidecar.Options{Upstreams: []sidecar.Upstream{{Name: "app", URL: "http://" + upstream}}, Logger: discard, DrainTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	r := &running{p, t, l.Addr().String(), upstream}
	_, tunnel := r.open("")
	response := make(chan string, 1)
	go func() { response <- r.raw("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") }()
	<-entered
	stop()
	for refused := false; !refused; {
		c, err := net.Dial("tcp", r.address)
		if refused = err != nil; !refused {
			c.Close()
		}
	}
	close(release)
	if got := <-response; got != "200 done" {
		t.Errorf("a request in progress: %s", got)
	}
	_, _ = io.ReadAll(tunnel) // until it is closed
	if err := <-served; err != nil {
		t.Error(err)
	}
}
