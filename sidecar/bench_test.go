package sidecar_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/tacho-go/tacho/sidecar"
)

// BenchmarkRequest compares a request through the proxy with one through a bare ReverseProxy.
func BenchmarkRequest(b *testing.B) {
	for _, c := range []struct {
		name  string
		serve func(testing.TB, string) string
	}{{"bare", serveBare}, {"proxy", serveProxy}} {
		b.Run(c.name, func(b *testing.B) {
			address := c.serve(b, benchService(b))
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

// benchService starts a service with responses of 500 bytes, and returns its address.
func benchService(t testing.TB) string {
	body := bytes.Repeat([]byte("x"), benchBody)
	return serveOn(t, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		_, _ = w.Write(body)
	})})
}

func serveOn(t testing.TB, s *http.Server) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

func serveProxy(t testing.TB, upstream string) string {
	p, err := sidecar.New(sidecar.Options{Upstreams: []sidecar.Upstream{{URL: "http://" + upstream}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-done })
	return l.Addr().String()
}

func serveBare(t testing.TB, upstream string) string {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns, transport.DisableCompression = 512, 0, true
	transport.ReadBufferSize, transport.WriteBufferSize = 16<<10, 16<<10
	t.Cleanup(transport.CloseIdleConnections)
	to := &url.URL{Scheme: "http", Host: upstream}
	return serveOn(t, &http.Server{Handler: &httputil.ReverseProxy{
		Transport: transport, BufferPool: &copyBuffers{}, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded() },
	}})
}

type copyBuffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *copyBuffers) Get() []byte {
	if one, ok := b.pool.Get().(*[32 << 10]byte); ok {
		return one[:]
	}
	return new([32 << 10]byte)[:]
}

// Put implements httputil.BufferPool.
func (b *copyBuffers) Put(one []byte) { b.pool.Put((*[32 << 10]byte)(one)) }

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
