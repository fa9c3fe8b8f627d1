package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// quiet is a script in which nothing happens.
var quiet = []Event{}

// TestShop: each route answers as the tutorials' do, and /metrics tells exactly
// what was asked for.
func TestShop(t *testing.T) {
	d := made(t, Options{NoFlask: true, NoTraffic: true, Script: quiet})
	run(t, d)
	for _, c := range []struct {
		method, path string
		status       int
		says         string
		counted      string
	}{
		{"GET", "/", 200, "done", `method="GET",path="/",status="200"`},
		{"GET", "/api", 200, "done", `method="GET",path="/api",status="200"`},
		{"GET", "/first_route", 200, "done", `method="GET",path="/first_route",status="200"`},
		{"POST", "/api/orders?kind=pen", 201, `"id":4201`, `method="POST",path="/api/orders",status="201"`},
		{"POST", "/api/orders?kind=gold", 400, "unknown kind; use one of: book, pen, lamp", `method="POST",path="/api/orders",status="400"`},
		{"GET", "/api/orders/4201", 200, "paid", `method="GET",path="/api/orders/:id",status="200"`},
		{"GET", "/api/orders/99999999", 404, "no such order", `method="GET",path="/api/orders/:id",status="404"`},
		{"GET", "/.env", 404, "404", `method="GET",path="unmatched",status="404"`},
	} {
		status, body := fetch(t, d, 0, c.method, c.path)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d %q, want %d and %q", c.method, c.path, status, body, c.status, c.says)
		}
		_, text := fetch(t, d, 0, "GET", "/metrics")
		if got := sample(t, text, "http_requests_total{"+c.counted+"}"); got != "1" {
			t.Errorf("%s %s: counted %s, want 1", c.method, c.path, got)
		}
	}
	_, text := fetch(t, d, 0, "GET", "/metrics")
	for series, want := range map[string]string{
		`shop_orders_total{kind="book"}`:                                        "1", // by /first_route
		`shop_orders_total{kind="pen"}`:                                         "1", // by the order
		`shop_orders_total{kind="lamp"}`:                                        "0",
		`shop_build_info{version="1.0.0"}`:                                      "1",
		`shop_payment_duration_seconds_count`:                                   "1",
		`http_requests_in_flight`:                                               "0",
		`http_client_requests_total{host="payments",method="GET",status="200"}`: "1",
		`go_sql_max_open_connections{db_name="shop"}`:                           "12",
		`go_sql_in_use_connections{db_name="shop"}`:                             "0",
		`http_requests_total{method="GET",path="/three_route",status="500"}`:    "0",
	} {
		if got := sample(t, text, series); got != want {
			t.Errorf("%s is %s, want %s", series, got, want)
		}
	}
	if problems, err := promlint.New(strings.NewReader(text)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
	if _, text := fetch(t, d, 1, "GET", "/metrics"); strings.Contains(text, `path="/.env"`) || strings.Contains(text, `status="201"} 1`) {
		t.Error("instance b counts what a has served")
	}
}

// TestSpeed: /api takes about what it takes in the tutorial.
func TestSpeed(t *testing.T) {
	d := made(t, Options{NoFlask: true, NoTraffic: true, Script: quiet})
	run(t, d)
	begun := time.Now()
	fetch(t, d, 0, "GET", "/api")
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("/api took %s, want about 100 ms", took)
	}
}

// TestExemplars: a traced request's ids reach its latency bucket.
func TestExemplars(t *testing.T) {
	d := made(t, Options{NoFlask: true, NoTraffic: true, Script: quiet})
	run(t, d)
	fetch(t, d, 0, "GET", "/first_route", "Traceparent", formatTraceparent(0xabc, 0xdef, 0x123))
	_, text := fetch(t, d, 0, "GET", "/metrics", "Accept", "application/openmetrics-text;version=1.0.0")
	if want := `trace_id="0000000000000abc0000000000000def"`; !strings.Contains(text, want) {
		t.Errorf("no exemplar with %s in\n%s", want, text)
	}
}
