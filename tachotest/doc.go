// Package tachotest checks in a service's tests what tacho records: it compares metrics before
// and after a request, and waits until they have been recorded.
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
// [Record] checks changes since its function was called; [All] checks current values. Only tests
// should import this package. It depends on the root package and schema, and on client_golang's
// data types.
//
// # Samples
//
// Expected samples have the format of the metrics endpoint: a sample and its value in the
// metric's own unit, one per line.
//
//	shop_orders_total{kind="book",paid="true"} 2   exactly these labels, in any order
//	shop_orders_total{kind="book",...} 3           the sum over any further labels
//	shop_orders_total 5                            the sum of all samples of the metric
//	shop_restarts_total{} 1                        no labels
//
// Histograms and summaries have the same samples as on the endpoint: _count, _sum, and a
// cumulative _bucket{le="0.1"}. In label values \\ is a backslash, \" a quote and \n a line
// break.
//
// # Waiting
//
// A response can reach the client before tacho has recorded it, and business metrics may follow
// later still. So Want retries until everything holds, up to [Recording.Timeout]; a passing test
// hardly ever waits.
//
// That something was not recorded is certain only once everything else has been: WantNone and
// WantOnly wait until no request is in flight, apart from streams, and then for another ten
// milliseconds. They read http_requests_in_flight, which Options.Minimal and some other schemas
// leave out, and they cannot see work outside of a request. In those cases first call Want for
// the last metric that the work records.
package tachotest
