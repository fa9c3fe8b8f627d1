package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tacho-go/tacho/sidecar/http1"
)

// responses are what a service writes for each request, byte for byte.
var responses = []struct {
	name, method, response string
	close                  bool // the service closes the connection after it
}{
	{name: "of known length", response: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello"},
	{name: "empty", response: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{name: "in chunks", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
	{name: "trailers", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"},
	{name: "until the end", response: "HTTP/1.1 200 OK\r\n\r\nall of it", close: true},
	{name: "HTTP/1.0", response: "HTTP/1.0 200 OK\r\n\r\nall of it", close: true},
	{name: "HTTP/1.0 that stays open", response: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"},
	{name: "the last one", response: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
	{name: "the last one, unannounced", response: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", close: true},
	{name: "HEAD", method: "HEAD", response: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
	{name: "HEAD in chunks", method: "HEAD", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{name: "204", response: "HTTP/1.1 204 No Content\r\n\r\n"},
	{name: "304", response: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
	{name: "early hints", response: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	{name: "unexpected 100", response: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	{name: "POST", method: "POST", response: "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"},
	{name: "POST without a response's body", method: "POST", response: "HTTP/1.1 204 No Content\r\n\r\n"},
	{name: "DELETE", method: "DELETE", response: "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"},
	{name: "not HTTP", response: "hello\r\n\r\n", close: true},
	{name: "not a status", response: "HTTP/1.1 abc OK\r\n\r\n", close: true},
	{name: "not a version", response: "HTTP/9 200 OK\r\n\r\n", close: true},
	{name: "a bad header", response: "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", close: true},
	{name: "a bad length", response: "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", close: true},
	{name: "two lengths", response: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", close: true},
	{name: "an unknown transfer coding", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\n", close: true},
	{name: "a bad chunk", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", close: true},
	{name: "nothing", response: "", close: true},
	{name: "half of a header", response: "HTTP/1.1 200 OK\r\nContent-Le", close: true},
	{name: "half of a body", response: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", close: true},
	{name: "half of a chunk", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", close: true},
	{name: "half of the trailers", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX", close: true},
	{name: "bytes after the response", response: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n"},
	{name: "bytes after an empty response", response: "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 500 Smuggled\r\nContent-Length: 0\r\n\r\n"},
	{name: "a header that is too large", response: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 4000)+"\r\n", 2700) + "Content-Length: 0\r\n\r\n", close: true},
}

// TestSameAsTransport: whatever a service responds, the result is that of net/http's Transport, for a first and a
// second request, and so is the number of connections.
func TestSameAsTransport(t *testing.T) {
	for _, c := range responses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startRaw(t, c.response, c.close)
			fast := s.results(t, &http1.Transport{Dial: s.dial, MaxIdle: 2}, c.method)
			reference := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }, DisableCompression: true}
			defer reference.CloseIdleConnections()
			want := s.results(t, reference, c.method)
			if !reflect.DeepEqual(fast, want) {
				t.Errorf("results:\n%v\nof net/http's Transport:\n%v", fast, want)
			}
		})
	}
}

// A raw is a service that responds with the same bytes to every request.
type raw struct {
	net.Listener
	response string
	close    bool
	opened   atomic.Int64
}

func startRaw(t testing.TB, response string, ends bool) *raw {
	t.Helper()
	s := &raw{response: response, close: ends}
	s.Listener = listen(t, func(conn net.Conn) {
		s.opened.Add(1)
		go s.serve(conn)
	})
	return s
}

// listen starts a service that gets each connection.
func listen(t testing.TB, accept func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accept(conn)
		}
	}()
	return l
}

func dial(ctx context.Context, l net.Listener) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
}

func (s *raw) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, s.response); err != nil || s.close {
			return
		}
	}
}

func (s *raw) dial(ctx context.Context) (net.Conn, error) { return dial(ctx, s.Listener) }

// A result is what a transport made of a response.
type result struct {
	Status          int
	Header, Trailer http.Header
	Body            string
	Length          int64
	Informational   string
	Failed          string // "header" or "body"
	Connections     int64  // that the service has accepted since the first request
}

func (r result) String() string {
	return fmt.Sprintf("%d %v %v %q (%d) %s failed %q, %d connections", r.Status, r.Header, r.Trailer, r.Body, r.Length, r.Informational, r.Failed, r.Connections)
}

// results are those of two requests, one after the other.
func (s *raw) results(t *testing.T, transport http.RoundTripper, method string) []result {
	t.Helper()
	before := s.opened.Load()
	var all []result
	for range 2 {
		r := s.result(t, transport, method)
		r.Connections = s.opened.Load() - before
		all = append(all, r)
	}
	return all
}

func (s *raw) result(t *testing.T, transport http.RoundTripper, method string) (r result) {
	t.Helper()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		r.Informational += fmt.Sprint(code, h)
		return nil
	}})
	var send io.Reader
	if method == http.MethodPost {
		send = io.MultiReader(strings.NewReader("what is "), strings.NewReader("sent")) // of unknown length
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Addr().String()+"/", send)
	if err != nil {
		t.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		r.Failed = "header"
		return r
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.Failed = "body"
	}
	r.Status, r.Header, r.Trailer, r.Length, r.Body = res.StatusCode, res.Header, res.Trailer, res.ContentLength, string(bytes.TrimSpace(body))
	return r
}
