package sidecar_test

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"testing"

	"github.com/tacho-go/tacho/internal/bareproxy"
)

// BenchmarkRequest compares a request through the proxy with one through a bare ReverseProxy.
func BenchmarkRequest(b *testing.B) {
	for _, c := range []struct {
		name  string
		serve func(testing.TB, string) string
	}{{"bare", serveBare}, {"proxy", serveProxy}} {
		b.Run(c.name, func(b *testing.B) {
			address := c.serve(b, startService(b, http.HandlerFunc(benchService)))
			b.ReportAllocs()
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				c := dialClient(b, address)
				defer c.Close()
				for pb.Next() {
					c.get(b)
				}
			})
		})
	}
}

const benchBody = 500

var benchResponse = bytes.Repeat([]byte("x"), benchBody)

func benchService(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = []string{"text/plain"}
	_, _ = w.Write(benchResponse)
}

func serveProxy(t testing.TB, upstream string) string { return startFor(t, "http://"+upstream).address }

func serveBare(t testing.TB, upstream string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: bareproxy.New(upstream)} // without httptest's notes of each connection
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

// A benchClient sends the same request again on one connection, without allocations.
type benchClient struct {
	net.Conn
	reader *bufio.Reader
}

func dialClient(t testing.TB, address string) *benchClient {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return &benchClient{conn, bufio.NewReader(conn)}
}

var benchRequest = []byte("GET /users/7 HTTP/1.1\r\nHost: shop\r\nUser-Agent: bench\r\n\r\n")

func (c *benchClient) get(t testing.TB) {
	if _, err := c.Write(benchRequest); err != nil {
		t.Fatal(err)
	}
	for { // the header
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		if len(line) == 2 {
			break
		}
	}
	if _, err := c.reader.Discard(benchBody); err != nil {
		t.Fatal(err)
	}
}
