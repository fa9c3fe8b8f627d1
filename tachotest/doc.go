// Package tachotest is for the tests of services that tacho measures: it says
// what a request has recorded, and waits until it has.
//
//	func TestOrders(t *testing.T) {
//		m := tachotest.New(t, tacho.Options{})
//		srv := httptest.NewServer(newShop(m)) // the service under test
//		defer srv.Close()
//
//		got := tachotest.Record(t, m, func() {
//			http.Post(srv.URL+"/orders", "text/plain", strings.NewReader("book"))
//		})
//		got.Want(
//			`http_requests_total{method="POST",path="/orders",status="201"} 1`,
//			`shop_orders_total{kind="book"} 1`,
//		)
//		got.WantNone("http_request_panics_total")
//	}
//
// [Record] tells what has changed since before its function; [All] tells the
// present values.
//
// # Samples
//
// What is expected is written as the metrics endpoint shows it: a sample and its
// value, in the metric's own unit, one to a line.
//
//	shop_orders_total{kind="book",paid="true"} 2   these labels and no others, in any order
//	shop_orders_total{kind="book",...} 3           these labels and any others, added up
//	shop_orders_total 5                            all samples of the metric, added up
//	shop_restarts_total{} 1                        no labels
//
// Histograms and summaries have the samples of the endpoint: _count, _sum, and
// _bucket{le="0.1"} with all that is at most 0.1. In label values \\ stands for a
// backslash, \" for a quote and \n for a line break.
//
// # Waiting
//
// A response can reach the client before it is recorded, and business metrics may
// be recorded later still. So Want looks again until everything holds, for
// [Recording.Patience] at most; a test that passes hardly ever waits.
//
// That something has not been recorded can only be said when everything else has
// been: WantNone and WantOnly look when no request is in flight any more, streams
// aside, and then for ten milliseconds more. They know requests in flight by
// http_requests_in_flight, which Options.Minimal and other schemas leave out; and
// nobody can know work that goes on without a request. Where there is such, call
// Want first for the last thing that it records.
package tachotest
