package sidecar_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// TestRequestLine: a request of HTTP/2 can have any bytes in its method and query. They must not become another
// request line of HTTP/1.1.
func TestRequestLine(t *testing.T) {
	for _, c := range []struct{ name, method, path, want string }{
		{"valid", "PURGE", "/a?b=%20", "PURGE /a?b=%20 HTTP/1.1"},
		{"a space in the method", "GET /evil", "/a", ""},
		{"a version in the method", "GET /evil HTTP/1.1\t", "/a", ""},
		{"a space in the query", "GET", "/evil?x HTTP/1.1 ", ""},
		{"a space in the path", "GET", "/evil HTTP/1.1 ", "GET /evil%20HTTP/1.1%20 HTTP/1.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s recorder
			r := startFor(t, "http://"+listenRaw(t, s.serve))
			r.http2(c.method, c.path)
			if got, _, _ := strings.Cut(s.got(), "\r\n"); got != c.want {
				t.Errorf("the service got %q, want %q", got, c.want)
			}
			if c.want == "" {
				r.await(`tacho_proxy_client_errors_total{cause="invalid"} 1`)
			}
		})
	}
}

// http2 sends a request of HTTP/2 that net/http's client would refuse, and waits for its response.
func (r *running) http2(method, path string) {
	r.t.Helper()
	var header bytes.Buffer
	for _, f := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "a"}, {":path", path}} {
		header.WriteByte(0) // literal, not indexed
		for _, text := range f {
			header.WriteByte(byte(len(text)))
			header.WriteString(text)
		}
	}
	c := r.dial()
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	send := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	send = append(send, 0, 0, 0, 4, 0, 0, 0, 0, 0) // SETTINGS
	send = append(send, 0, 0, byte(header.Len()), 1, 5, 0, 0, 0, 1)
	if _, err := c.Write(append(send, header.Bytes()...)); err != nil {
		r.t.Fatal(err)
	}
	for {
		var head [9]byte // length, type, flags, stream
		if _, err := io.ReadFull(c, head[:]); err != nil {
			r.t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2])); err != nil {
			r.t.Fatal(err)
		}
		if head[3] == 1 { // HEADERS
			return
		}
	}
}
