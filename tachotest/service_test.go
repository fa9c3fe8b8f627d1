package tachotest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
)

// orderLabels are the labels of shop_orders_total.
type orderLabels struct {
	Kind string
	Paid bool
}

// A shop is a service under test.
type shop struct {
	*httptest.Server
	orders  *tacho.CounterOf[orderLabels]
	release chan struct{} // waiting handlers go on when it is closed
}

func newShop(t testing.TB, m *tacho.Meter) *shop {
	t.Helper()
	orders, err := tacho.NewCounter[orderLabels](m, tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{orders: orders, release: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", s.order)
	mux.HandleFunc("POST /late", s.late)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s.Server = httptest.NewServer(m.Handler(mux))
	// On a kept connection a request waits for the end of the previous one, and is sent again
	// after a panic.
	s.Client().Transport.(*http.Transport).DisableKeepAlives = true
	t.Cleanup(s.Close)
	return s
}

// order accepts books and rejects everything else.
func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	if kind, _ := io.ReadAll(r.Body); string(kind) != "book" {
		http.Error(w, "no such thing", http.StatusBadRequest)
		return
	}
	s.orders.Inc(orderLabels{"book", true})
	w.WriteHeader(http.StatusCreated)
}

// late answers completely, and records an order once it is released.
func (s *shop) late(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "2")
	_, _ = io.WriteString(w, "ok")
	w.(http.Flusher).Flush()
	<-s.release
	s.orders.Inc(orderLabels{"late", false})
}

// events is a stream that stays open until it is released.
func (s *shop) events(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	<-s.release
}

// post sends a request and reads the response.
func (s *shop) post(t testing.TB, path, body string) {
	t.Helper()
	resp, err := s.Client().Post(s.URL+path, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
}

// get sends a request and leaves the response open until the test ends.
func (s *shop) get(t testing.TB, path string) {
	t.Helper()
	resp, err := s.Client().Get(s.URL + path)
	if err == nil {
		t.Cleanup(func() { resp.Body.Close() })
	}
}
