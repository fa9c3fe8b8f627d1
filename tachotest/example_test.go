package tachotest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/tachotest"
)

// printing prints the failures of a test. In your tests, t is the *testing.T.
type printing struct{ testing.TB }

func (printing) Helper()                           {}
func (printing) Cleanup(func())                    {}
func (printing) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var t = printing{}

// newBookshop is the service under test.
func newBookshop(m *tacho.Meter) *httptest.Server {
	type labels struct{ Kind string }
	orders, err := tacho.NewCounter[labels](m, tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		kind, _ := io.ReadAll(r.Body)
		if string(kind) != "book" {
			http.Error(w, "we have books", http.StatusBadRequest)
			return
		}
		orders.Inc(labels{Kind: "book"})
		w.WriteHeader(http.StatusCreated)
	})
	return httptest.NewServer(m.Handler(mux))
}

func order(srv *httptest.Server, what string) {
	resp, err := http.Post(srv.URL+"/orders", "text/plain", strings.NewReader(what))
	if err == nil {
		resp.Body.Close()
	}
}

func Example() {
	m := tachotest.New(t, tacho.Options{})
	srv := newBookshop(m)
	defer srv.Close()

	got := tachotest.Record(t, m, func() {
		order(srv, "book")
		order(srv, "book")
	})
	got.Want(
		`http_requests_total{method="POST",path="/orders",status="201"} 2`,
		`http_request_size_bytes_sum{method="POST",path="/orders"} 8`,
	)
	got.WantOnly(`shop_orders_total{kind="book"} 2`)
	got.WantNone("http_request_panics_total", `http_requests_total{status="500",...}`)
	tachotest.All(t, m).Want("http_requests_in_flight 0")
	fmt.Println(got.Value("shop_orders_total"), "orders")
	// Output: 2 orders
}

// The message of a failure.
func ExampleRecording_Want_failure() {
	m := tachotest.New(t, tacho.Options{})
	srv := newBookshop(m)
	defer srv.Close()
	order(srv, "book")

	got := tachotest.Record(t, m, func() {
		order(srv, "film")
		order(srv, "book")
	})
	got.Timeout = 0
	got.Want(
		`http_requests_total{method="POST",path="/orders",status="201"} 2`,
		`shop_orders_total{kind="film"} 1`,
	)
	// Output:
	// metrics differ after 0s:
	// want http_requests_total{method="POST",path="/orders",status="201"} 2
	//  got http_requests_total{method="POST",path="/orders",status="201"} 1 (from 1 to 2)
	// also http_requests_total{method="POST",path="/orders",status="400"} 1
	// want shop_orders_total{kind="film"} 1
	//  got no such sample, but:
	//      shop_orders_total{kind="book"} 1 (from 1 to 2)
}
