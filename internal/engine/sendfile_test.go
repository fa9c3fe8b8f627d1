package engine_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestSendfile: io.Copy from a file still reaches the server's ReadFrom, and
// the bytes are counted.
func TestSendfile(t *testing.T) {
	const size = 1 << 20
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	m := tacho.MustNew(tacho.Options{})
	ended := make(chan struct{})
	inner := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(io.ReaderFrom); !ok {
			t.Error("the writer has lost ReadFrom")
		}
		http.ServeFile(w, r, path)
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	resp, err := http.Get(server.URL + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
		t.Fatalf("got %d bytes, %v", n, err)
	}
	<-ended
	metertest.Line(t, m, `http_response_size_bytes_sum{method="GET",path="unknown"} `+strconv.FormatFloat(size, 'g', -1, 64))
	metertest.Line(t, m, `http_response_size_bytes_count{method="GET",path="unknown"} 1`)
}
