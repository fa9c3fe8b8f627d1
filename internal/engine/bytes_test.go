//go:build !race

package engine_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/tacho-go/tacho"
)

// TestNestedBytes: a request whose exchange is found by the context, and so not used again, allocates
// the exchange, the copy of the request and one writer, not those of 32 requests.
func TestNestedBytes(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	h := m.Handler(m.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	const requests, limit = 1000, 1200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		h.ServeHTTP(w, r)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / requests; each > limit {
		t.Errorf("%d bytes per request, want at most %d", each, limit)
	}
}
