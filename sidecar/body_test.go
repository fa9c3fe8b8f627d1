package sidecar_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho/sidecar"
)

// A lateEnd delays the last read of a request's body, in which the transport looks for its end, until the
// server has sent the response's header.
type lateEnd struct {
	io.ReadCloser
	left           int64
	headed, looked chan struct{}
	once           sync.Once
}

// Read implements io.Reader.
func (b *lateEnd) Read(p []byte) (int, error) {
	if b.left > 0 {
		n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
		b.left -= int64(n)
		if err == io.EOF {
			err = nil // comes with the next read
		}
		return n, err
	}
	<-b.headed
	defer b.once.Do(func() { close(b.looked) })
	return b.ReadCloser.Read(p)
}

// A headedWriter tells when the response's header has been sent.
type headedWriter struct {
	http.ResponseWriter
	headed chan struct{}
	once   sync.Once
}

// FlushError implements what http.ResponseController looks for.
func (w *headedWriter) FlushError() error {
	defer w.once.Do(func() { close(w.headed) })
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap returns the writer with the deadlines.
func (w *headedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestEndOfBodyIsReadLate: a transport looks for a body's end after it has sent the announced length. If the
// service has responded by then, and the server has closed the body, that is no fault: the response is complete.
func TestEndOfBodyIsReadLate(t *testing.T) {
	const size = 8 << 20
	upload := bytes.Repeat([]byte("x"), 64<<10)
	looked := make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", fmt.Sprint(size))
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-looked
		_, _ = w.Write(make([]byte, size))
	}))
	t.Cleanup(service.Close)
	r := startFor(t, service.URL)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		headed := make(chan struct{})
		req.Body = &lateEnd{ReadCloser: req.Body, left: req.ContentLength, headed: headed, looked: looked}
		r.ServeHTTP(&headedWriter{ResponseWriter: w, headed: headed}, req)
	}))
	t.Cleanup(proxy.Close)
	res, err := http.Post(proxy.URL+"/a", "text/plain", bytes.NewReader(upload)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
		t.Errorf("the client got %d of %d bytes, %v", n, size, err)
	}
}

// TestUnsentBody: a client that gets its response, but never sends what it has announced, loses its
// connection after the client timeout.
func TestUnsentBody(t *testing.T) {
	early := listenRaw(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			_, _ = io.Copy(io.Discard, c)
		}
	})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct{ upstream, path, status string }{
		"early response": {early, "/a", "200"},
		"no upstream":    {early, "/elsewhere", "404"},
		"bad gateway":    {closed.Addr().String(), "/a", "502"},
	} {
		for _, header := range []string{"Content-Length: 5", "Content-Length: 5000000", "Transfer-Encoding: chunked", "Content-Length: 5\r\nExpect: 100-continue"} {
			t.Run(name+", "+header, func(t *testing.T) {
				t.Parallel()
				r := startFor(t, "http://"+c.upstream, func(o *sidecar.Options) {
					o.ClientTimeout, o.Upstreams[0].Path = 200*time.Millisecond, "/a"
				})
				conn := r.dial()
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				_, _ = io.WriteString(conn, "POST "+c.path+" HTTP/1.1\r\nHost: a\r\n"+header+"\r\n\r\n")
				all, err := io.ReadAll(conn)
				if !strings.Contains(string(all), "HTTP/1.1 "+c.status+" ") || err != nil {
					t.Errorf("the client gets %q, %v", all, err)
				}
			})
		}
	}
}

// TestRefusedUpload: a service responds to the header of an upload and closes its connection, with bytes that it has
// not read. The client gets that response, not one of the proxy.
func TestRefusedUpload(t *testing.T) {
	t.Parallel()
	r := startRaw(t, "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 5\r\n\r\nlarge")
	const rounds = 10
	sizes := []int{1 << 10, 64 << 10, 1 << 20, 8 << 20}
	for _, size := range sizes {
		for range rounds {
			c := r.dial()
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				_, _ = fmt.Fprintf(c, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
				_, _ = c.Write(make([]byte, size))
			}()
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			if body, err := io.ReadAll(res.Body); res.StatusCode != http.StatusRequestEntityTooLarge || string(body) != "large" || err != nil {
				t.Errorf("%d bytes: %s %q, %v", size, res.Status, body, err)
			}
			_ = c.Close()
			<-sent
		}
	}
	r.await(fmt.Sprintf(`http_requests_total{method="POST",path="unknown",status="413"} %d`, rounds*len(sizes)))
}

// TestResponseBeforeEndHTTP2: a response may come before its request's body ends. The transport still reads the body
// then, and must not touch the client's stream, which net/http has given to nobody: the process would end.
func TestResponseBeforeEndHTTP2(t *testing.T) {
	r := startRaw(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	client := protocolClient(t, true)
	for range 50 {
		piece, send := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+r.address+"/", piece)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); string(body) != "ok" {
			t.Errorf("%q, %v", body, err)
		}
		_ = res.Body.Close()
		_ = send.Close()
	}
	r.settled(50)
}
