package tacho

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestSendfile: io.Copy from a file still reaches the server's ReadFrom, and
// the bytes are counted.
func TestSendfile(t *testing.T) {
	const size = 1 << 20
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	m := MustNew(Options{})
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
	w := m.table.row(m.table.route(Unknown), 2*m.table.methods.index("GET"))
	var got reading
	got.take(m.sizeLadder, w.sizes.response.Load())
	if got.sum != size || got.count != 1 {
		t.Errorf("recorded %v bytes in %d responses, want %d in 1", got.sum, got.count, size)
	}
}
