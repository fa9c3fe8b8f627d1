package sidecar_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/tacho-go/tacho/internal/long"
)

// TestFlatMemory: the proxy keeps no more of a body than its buffers hold, whatever the body's size. The heap is
// that of client, proxy and service together, measured several times while a body passes.
func TestFlatMemory(t *testing.T) {
	size := int64(long.Form(t, 64, 1024, "MB of a body")) << 20
	const most = 24 << 20 // HTTP/2 has 4 MiB in flight on each of two connections
	for _, c := range []struct {
		name   string
		http2  bool
		length int64
	}{
		{"HTTP/1.1, known length", false, size},
		{"HTTP/1.1, chunks", false, -1},
		{"HTTP/2", true, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			scheme := "http"
			if c.http2 {
				scheme = "h2c"
			}
			r := startFor(t, scheme+"://"+startService(t, &sizedService{size: size, length: c.length}))
			client := protocolClient(t, c.http2)
			before := liveHeap()
			body := &measuredBody{left: size, every: size / 8, limit: before + most, t: t}
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+r.address+"/a", body)
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = c.length
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if got := res.Header.Get("X-Got"); got != fmt.Sprint(size) {
				t.Errorf("the service got %s of %d bytes", got, size)
			}
			down := &measuredBody{every: size / 8, limit: before + most, t: t}
			if n, err := io.Copy(down, res.Body); n != size || err != nil {
				t.Errorf("the client got %d of %d bytes, %v", n, size, err)
			}
			t.Logf("live heap: %d KiB before, at most %d KiB up, %d KiB down", before>>10, body.most>>10, down.most>>10)
		})
	}
}

// protocolClient returns a client of HTTP/1.1, or of HTTP/2 without TLS.
func protocolClient(t *testing.T, http2 bool) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetUnencryptedHTTP2(http2)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A sizedService reads a request's body and responds with one of the same size.
type sizedService struct{ size, length int64 }

// ServeHTTP implements http.Handler.
func (s *sizedService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	w.Header().Set("X-Got", fmt.Sprint(n))
	if s.length > 0 {
		w.Header().Set("Content-Length", fmt.Sprint(s.length))
	}
	piece := make([]byte, 32<<10)
	for left := s.size; left > 0; left -= int64(len(piece)) {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// A measuredBody is a body of zeros, or a place for one. It measures the heap now and then.
type measuredBody struct {
	left, passed, every int64
	limit, most         uint64
	t                   *testing.T
}

// Read implements io.Reader.
func (b *measuredBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), b.left)
	clear(p[:n])
	b.left -= n
	b.measure(n)
	return int(n), nil
}

// Write implements io.Writer.
func (b *measuredBody) Write(p []byte) (int, error) {
	b.measure(int64(len(p)))
	return len(p), nil
}

func (b *measuredBody) measure(n int64) {
	before := b.passed / b.every
	b.passed += n
	if b.passed/b.every == before {
		return
	}
	heap := liveHeap()
	b.most = max(b.most, heap)
	if heap > b.limit {
		b.t.Errorf("after %d bytes the heap has %d bytes, at most %d are expected", b.passed, heap, b.limit)
	}
}

// liveHeap returns the bytes of the heap that are in use.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
