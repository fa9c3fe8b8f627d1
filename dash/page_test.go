package dash_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPage opens the page in a browser, with an API of fixed responses, and reads the
// visible text.
func TestPage(t *testing.T) {
	const down = `[{"labels":{"job":"shop","instance":"10.0.0.1:80"},"health":"down","lastError":"connection refused","scrapeUrl":"http://10.0.0.1:80/metrics"}]`
	for _, test := range []struct {
		name     string
		fragment string
		fake     *fake
		budget   time.Duration
		want     []string // in this order
		absent   []string
		calm     bool // the console must be silent
	}{
		{
			name: "a service",
			fake: &fake{answer: always(vector(shop()...)), alerts: "[]"},
			want: []string{
				"shop failing 2 of 2 instances up 3 routes",
				"GET /second_route is failing: 25.0% errors . 1 more route is unhealthy.",
				"GET /second_route is failing: 25.0% errors POST /orders is slow: p95 2.5 s",
				"failing GET /second_route 4.00 25.0% – – – 50.0%",
				"slow POST /orders 1.00 0% 1.5 s 2.5 s ≥ 10 s 25.0%",
				"GET /api 20.0 0% 12.3 ms 250 ms 500 ms 25.0%",
				"GET unmatched (no route) 1,235 0% – – – 0%",
				"Data from recording rules.",
			},
			absent: []string{"firing", "cannot be scraped", "Routes shown", "does not list"},
			calm:   true,
		},
		{
			name: "a healthy service, and the server itself",
			fake: &fake{alerts: "[]", answer: always(vector(
				sample{"rate", route("shop", "GET", "/"), "2"}, sample{"p95", route("shop", "GET", "/"), "0.2"},
				sample{"targets", job("shop"), "1"}, sample{"targets", job("tacho"), "1"}))},
			want:   []string{"shop healthy 1 of 1 instances up", "shop is healthy. No problem in the last 15 min.", "GET / 2.00 0% – 200 ms –"},
			absent: []string{"no data"},
			calm:   true,
		},
		{
			name: "a service of RPCs",
			fake: &fake{targets: "[]", alerts: "[]", answer: always(vector(
				sample{"rate", rpc("Buy"), "3"}, sample{"errors", rpc("Buy"), "1.5"}, sample{"p95", rpc("Buy"), "0.2"},
				sample{"rate", rpc("Watch"), "1"}, sample{"targets", job("shop"), "1"}))},
			want:   []string{"/shop.v1.Shop/Buy is failing: 50.0% errors", "failing /shop.v1.Shop/Buy 3.00 50.0% – 200 ms –", "/shop.v1.Shop/Watch 1.00 0%"},
			absent: []string{"undefined"},
			calm:   true,
		},
		{
			name: "one failed request is no state",
			fake: &fake{alerts: "[]", answer: always(vector(
				sample{"rate", route("shop", "GET", "/"), "0.0167"}, sample{"errors", route("shop", "GET", "/"), "0.0167"},
				sample{"targets", job("shop"), "1"}))},
			want: []string{"shop is healthy.", "GET / 0.02 100%"},
			calm: true,
		},
		{
			name: "idle and silent services",
			fake: &fake{targets: "[]", alerts: "[]", answer: always(vector(
				sample{"rate", route("night", "GET", "/"), "0"}, sample{"targets", job("night"), "1"}, sample{"targets", job("node"), "1"}))},
			want: []string{"All 2 services are healthy. No traffic: node, night.", "node the target responds, but", "night no requests in the window"},
			calm: true,
		},
		{
			name: "versions of services",
			fake: &fake{targets: "[]", alerts: "[]", answer: withVersion(always(vector(
				sample{"rate", route("shop", "GET", "/"), "1"}, sample{"targets", job("shop"), "1"}, sample{"rate", route("pay", "GET", "/"), "1"}, sample{"targets", job("pay"), "1"})), "1.1.<b>", 1.7e9-7200)},
			want: []string{"pay healthy · 1 route", "shop 1.1.<b> · 2 h healthy · 1 route"},
			calm: true,
		},
		{
			name: "targets down",
			fake: &fake{targets: down, alerts: "[]", answer: always(vector(
				sample{"targets", job("shop"), "2"}, sample{"down", map[string]string{"job": "shop", "instance": "10.0.0.1:80"}, "0"},
				sample{"targets", job("pay"), "1"}, sample{"down", map[string]string{"job": "pay", "instance": "10.0.0.2:80"}, "0"},
				sample{"rate", route("shop", "GET", "/"), "1"}))},
			want: []string{
				"2 of 2 need attention", "pay is down, shop is down.", "pay 10.0.0.2:80 is down", "shop 10.0.0.1:80 is down",
			},
			calm: true,
		},
		{
			name:     "the screen of targets",
			fragment: "#page=targets",
			fake: &fake{targets: down, alerts: "[]", answer: always(vector(
				sample{"targets", job("shop"), "2"}, sample{"down", map[string]string{"job": "shop", "instance": "10.0.0.1:80"}, "0"},
				sample{"rate", route("shop", "GET", "/"), "1"}))},
			want: []string{
				"1 down", "10.0.0.1:80 is down.", "shop 1 down", "10.0.0.1:80 down http://10.0.0.1:80/metrics Nothing listens on port 80 of 10.0.0.1 (connection refused). Check that the process runs, that the port is right, and that it does not listen on 127.0.0.1 only. connection refused",
				"tacho doctor http://10.0.0.1:80/metrics",
			},
			calm: true,
		},
		{
			name:     "alerts",
			fragment: "#page=alerts",
			fake: &fake{answer: always(vector(shop()...)), alerts: `[
				{"state":"pending","activeAt":"2020-01-01T00:00:00Z","labels":{"alertname":"Later"},"annotations":{"runbook_url":"javascript:alert(1)"}},
				{"state":"pending","activeAt":"2020-01-03T00:00:00Z","labels":{"alertname":"TachoErrorRatioHigh","severity":"page","job":"pay"},
				 "annotations":{"summary":"1 in 9 fails"}},
				{"state":"firing","activeAt":"2020-01-02T00:00:00Z","labels":{"alertname":"TachoErrorRatioHigh","severity":"page","job":"shop"},
				 "annotations":{"summary":"1 in 4 fails","description":"Look at the log.","runbook_url":"docs/alerts/TachoErrorRatioHigh"}}]`},
			want: []string{
				"Alerts 1 firing 2 pending", "1 alert is firing for shop since 2 Jan", "All 3 page 2 shop 1 pay 1",
				"firing 1 in 4 fails shop", "TachoErrorRatioHigh", "Look at the log.", "job=shop", "pending 1 in 9 fails pay", "pending Later",
			},
			calm: true,
		},
		{
			name: "an alert outlasts what it is about",
			fake: &fake{answer: always(vector(sample{"rate", route("shop", "GET", "/"), "2"}, sample{"targets", job("shop"), "1"})), alerts: `[
				{"state":"firing","activeAt":"2020-01-01T00:00:00Z","labels":{"alertname":"A"}}, {"state":"pending","labels":{"alertname":"B"}}]`},
			want:   []string{"shop alerts firing", "shop is within its limits, but an alert is still firing: A"},
			absent: []string{"is healthy"},
			calm:   true,
		},
		{
			name: "a foreign Prometheus",
			fake: &fake{answer: func(_ int, query string) answer {
				if isSnapshot(query) && strings.Contains(query, "[5m]") {
					return vector(sample{"rate", map[string]string{"job": "api", "method": "GET", "path": "/x"}, "3"})
				}
				return vector(sample{"targets", job("api"), "1"})
			}},
			want: []string{"api healthy", "GET /x 3.00", "No rates from recording rules", "over 5m", "This API does not list alerts."},
		},
		{
			name: "two schemas of one job are not added up",
			fake: &fake{alerts: "[]", answer: always(vector(
				sample{"rate", route("shop", "GET", "/"), "2"}, sample{"targets", job("shop"), "1"},
				sample{"rate", map[string]string{"job": "shop", "schema": "flask", "method": "GET", "path": "/"}, "2"}))},
			want: []string{"shop names: default healthy", "requests/s 2.00", "shop names: flask healthy", "requests/s 2.00"},
			calm: true,
		},
		{
			name:   "no target yet",
			fake:   &fake{answer: always(vector(sample{"targets", job("tacho"), "1"})), targets: `[]`, alerts: "[]"},
			want:   []string{"It scrapes nothing yet.", "Gin net/http Echo", "tachogin.Use(r, tacho.Options{})", "tacho serve localhost:8080", "after two scrapes", "tacho demo"},
			absent: []string{"Filter", "healthy", "no data", "recording rules"},
			calm:   true,
		},
		{
			name: "before the first scrape",
			fake: &fake{answer: always(vector()), alerts: "[]",
				targets: `[{"labels":{"job":"shop"},"health":"unknown","scrapeUrl":"http://localhost:8080/metrics","scrapeInterval":"20s"}]`},
			want: []string{"The first numbers are coming.", "Not scraped yet: first numbers in about 20 s.", "shop", "http://localhost:8080/metrics"},
			calm: true,
		},
		{
			name: "an API without targets or data",
			fake: &fake{answer: always(vector())},
			want: []string{"No data yet", "has no request metrics"},
		},
		{
			name:   "the server is starting",
			fake:   &fake{answer: always(answer{http.StatusServiceUnavailable, "Service Unavailable"})},
			want:   []string{"Live –", "The server is starting", "retries automatically"},
			absent: []string{"Showing data from", "Loading…"},
		},
		{
			name: "the query fails",
			fake: &fake{answer: always(failure(422, "execution", `found duplicate series <b>"x"</b>`))},
			want: []string{`The query failed: found duplicate series <b>"x"</b>`},
		},
		{
			name: "the query takes too long for Prometheus, which says 503",
			fake: &fake{answer: always(failure(503, "timeout", "query timed out in expression evaluation"))},
			want: []string{"The query failed: query timed out"},
		},
		{
			name: "not allowed",
			fake: &fake{answer: always(answer{http.StatusUnauthorized, "Unauthorized"})},
			want: []string{"The API denies access: 401 Unauthorized", "Sign in"},
		},
		{
			name: "not Prometheus",
			fake: &fake{answer: always(answer{http.StatusOK, "<html>Log in</html>"})},
			want: []string{"There is no Prometheus API at http://127.0.0.1:", "/api/v1/query: 200 <html>Log in</html>"},
		},
		{
			name: "the API is gone, and the snapshot stays",
			fake: &fake{alerts: "[]", answer: func(round int, _ string) answer {
				if round == 1 {
					return vector(shop()...)
				}
				return answer{http.StatusBadGateway, "the proxy finds nobody"}
			}},
			budget: 7 * time.Second,
			want:   []string{"The server does not respond. 502 the proxy finds nobody Is it", "Showing data from ", "shop failing", "/second_route 4.00"},
		},
		{
			name: "the API comes back",
			fake: &fake{alerts: "[]", answer: func(round int, _ string) answer {
				if round == 2 {
					return answer{}
				}
				return vector(shop()...)
			}},
			budget: 7 * time.Second,
			want:   []string{"GET /second_route is failing: 25.0% errors"},
			absent: []string{"does not respond", "Showing data from"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.budget == 0 {
				test.budget = 1500 * time.Millisecond
			}
			page := browse(t, test.fake.serve(t, "")+test.fragment, test.budget)
			check(t, page.text(t), test.want, test.absent)
			if test.calm && page.console != "" {
				t.Errorf("the console has\n%s", page.console)
			}
			if strings.Contains(page.console, "Uncaught") || strings.Contains(page.console, "Content Security Policy") {
				t.Errorf("the page is broken:\n%s", page.console)
			}
			if strings.Contains(page.html, "javascript:") {
				t.Error("a link runs a script")
			}
		})
	}
}

// TestHint: the hint is in the language of the page.
func TestHint(t *testing.T) {
	address := (&fake{answer: always(vector(shop()...))}).serve(t, "")
	for fragment, want := range map[string]string{"": "a <hint>", "#lang=zh-CN": "一段说明"} {
		page := browse(t, address+fragment, time.Second)
		if shown := strings.ReplaceAll(strings.ReplaceAll(page.html, "&lt;", "<"), "&gt;", ">"); !strings.Contains(shown, `title="`+want+`"`) {
			t.Errorf("with %q, the hint is not %q", fragment, want)
		}
	}
}

// check finds the wanted texts in order.
func check(t *testing.T, text string, want, absent []string) {
	t.Helper()
	rest := text
	for _, w := range want {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("the page lacks %q, or has it in another place, in\n%s", w, text)
			continue
		}
		rest = after
	}
	for _, a := range absent {
		if strings.Contains(text, a) {
			t.Errorf("the page has %q in\n%s", a, text)
		}
	}
}

// rpc are the labels of a route that the rules record for an RPC.
func rpc(method string) map[string]string {
	return map[string]string{"job": "shop", "schema": "go-grpc-middleware", "path": "/shop.v1.Shop/" + method}
}

// TestRPCRoute opens the route of an RPC: its codes, and its instances by the service's own names.
func TestRPCRoute(t *testing.T) {
	var mu sync.Mutex
	var queries []string
	f := &fake{targets: "[]", alerts: "[]", answer: func(_ int, query string) answer {
		mu.Lock()
		defer mu.Unlock()
		queries = append(queries, query)
		of := func(label, value, number string) sample { return sample{"", map[string]string{label: value}, number} }
		if strings.Contains(query, "sum by (status)") {
			return vector(of("status", "OK", "1.5"), of("status", "5", "0.5"), of("status", "Unavailable", "1"))
		}
		return vector(sample{"rate", rpc("Buy"), "3"}, sample{"errors", rpc("Buy"), "1"}, sample{"targets", job("shop"), "1"})
	}}
	page := browse(t, f.serve(t, "")+"#open=shop&route="+url.QueryEscape(" /shop.v1.Shop/Buy"), 1500*time.Millisecond)
	check(t, page.text(t), []string{"/shop.v1.Shop/Buy", "OK 1.50 50.0%", "Unavailable 1.00 33.3%", "5 0.50 16.7%"}, []string{"undefined"})
	mu.Lock()
	defer mu.Unlock()
	asked := strings.Join(queries, "\n")
	if want := `grpc_server_handled_total{job="shop",grpc_service="shop.v1.Shop",grpc_method="Buy"}`; !strings.Contains(asked, want) {
		t.Errorf("no query selects %s:\n%s", want, asked)
	}
}

// TestCharts: the worst service has charts, and legends show last values. A route in the
// address is shown. If a query fails, the page shows the error and keeps the rest.
func TestCharts(t *testing.T) {
	ranges := func(query string, end int64) answer {
		switch {
		case strings.Contains(query, "/ ignoring"):
			return matrix(end, curve{"class", "2xx", []string{"0.75"}}, curve{"class", "5xx", []string{"0", "0.25"}})
		case strings.Contains(query, "sum by (le)"):
			return matrix(end, curve{"le", "0.5", []string{"9", "9"}}, curve{"le", "+Inf", []string{"9", "9"}}, curve{"le", "0.1", []string{"2", "1"}})
		case strings.Contains(query, "quantile"):
			return matrix(end, curve{"quantile", "0.95", []string{"0.2", "0.3"}}, curve{"quantile", "0.5", []string{"0.01", "0.02"}})
		case strings.Contains(query, "status"):
			return matrix(end, curve{"class", "5xx", []string{"1", "2"}}, curve{"class", "2xx", []string{"8", "7.5"}}, curve{"class", "other", []string{"NaN"}})
		}
		return matrix(end)
	}
	f := &fake{answer: always(vector(shop()...)), alerts: "[]", ranges: ranges}
	page := browse(t, f.serve(t, ""), 1500*time.Millisecond)
	check(t, page.text(t), []string{
		"Traffic 9.50 requests/s", "2xx 7.50 5xx 2.00 other –", "Errors share of 5xx 25.0 %", "5xx 25.0%", "Latency p95 300 ms", "p50 20 ms p95 300 ms",
		"Saturation", "No data in this time range.", "Latency distribution Most take 100 ms – 500 ms.", "Concurrency", "No data in this time range.",
	}, []string{"2xx 75.0%"})
	if n := strings.Count(page.html, "<canvas"); n != 4 {
		t.Errorf("%d charts are drawn, want 4", n)
	}
	if !regexp.MustCompile(`role="img"[^>]*aria-label="Latency: [^"]*p50 20 ms, p95 300 ms"`).MatchString(page.html) {
		t.Error("a chart does not say in words what it shows")
	}
	if page.console != "" {
		t.Errorf("the console has\n%s", page.console)
	}

	page = browse(t, f.serve(t, "")+"#compare=before", 1500*time.Millisecond)
	check(t, page.text(t), []string{"2xx 7.50 5xx 2.00 other – before 9.50", "5xx 25.0% before 25.0%", "p50 20 ms p95 300 ms before 300 ms"}, nil)

	page = browse(t, f.serve(t, "")+"#open=shop&route=GET+%2Fapi&span=900", 1500*time.Millisecond)
	check(t, page.text(t), []string{"shop / GET /api", "Traffic 9.50 requests/s", "Errors share of 5xx 25.0 %", "Latency p95 300 ms", "p50 20 ms p95 300 ms", "Errors by instance", "Latency distribution"}, []string{"Concurrency No data", "Saturation"})

	f.exemplars = `[{"seriesLabels":{"method":"GET","path":"/<b>","status":"200"},"exemplars":[{"labels":{"trace_id":"abc&1"},"value":"0.5","timestamp":1}]}]`
	for template, want := range map[string]string{"": `<a rel="noreferrer" target="_blank" class="mono small">abc&amp;1</a>`, "https://tempo/{trace_id}": `href="https://tempo/abc%261"`, "javascript:alert({trace_id})": `<a rel="noreferrer" target="_blank" class="mono small">abc&amp;1</a>`} {
		f.traceURL = template
		page = browse(t, f.serve(t, "")+"#open=shop&route=GET+%2Fapi", 1500*time.Millisecond)
		check(t, page.text(t), []string{"Requests with a trace", "200 500 ms abc&1"}, nil)
		if !strings.Contains(page.html, want) {
			t.Errorf("with the template %q there is no %s", template, want)
		}
	}

	f = &fake{answer: always(vector(shop()...)), alerts: "[]", ranges: func(string, int64) answer { return failure(422, "execution", "too <many> points") }}
	page = browse(t, f.serve(t, ""), 1500*time.Millisecond)
	check(t, page.text(t), []string{"shop failing", "Traffic –", "The query failed: too <many> points Retry", "/second_route 4.00"}, nil)
}

// TestQuantilesAreBounds: a quantile in the first or last bucket is shown as a bound.
func TestQuantilesAreBounds(t *testing.T) {
	bound := func(le string) sample {
		return sample{"bounds", map[string]string{"job": "shop", "schema": "default", "le": le}, "3"}
	}
	f := &fake{answer: always(vector(
		sample{"rate", route("shop", "GET", "/api"), "20"}, sample{"targets", job("shop"), "1"},
		sample{"p50", route("shop", "GET", "/api"), "0.0004"}, sample{"p95", route("shop", "GET", "/api"), "0.001"}, sample{"p99", route("shop", "GET", "/api"), "10"},
		sample{"p50Of", of("shop"), "0.0002"}, sample{"p95Of", of("shop"), "0.3"}, sample{"p99Of", of("shop"), "10"},
		bound("+Inf"), bound("10.0"), bound("0.001"),
	)), alerts: "[]", ranges: func(query string, end int64) answer {
		if strings.Contains(query, "quantile") {
			return matrix(end, curve{"quantile", "0.5", []string{"0.0002"}}, curve{"quantile", "0.95", []string{"0.3"}}, curve{"quantile", "0.99", []string{"10"}})
		}
		return matrix(end)
	}}
	page := browse(t, f.serve(t, ""), 1500*time.Millisecond)
	check(t, page.text(t), []string{"p50 ≤ 1 ms p95 300 ms p99 ≥ 10 s", "GET /api 20.0 0% ≤ 1 ms 1 ms ≥ 10 s"}, nil)
	if !strings.Contains(page.html, `title="In the histogram's first bucket: the real value may be much lower."`) {
		t.Error("the page does not say what ≤ means")
	}
}

// TestExplore: an address with a query shows its result, with lines named by their
// differing labels; a syntax error shows its position.
func TestExplore(t *testing.T) {
	now := answer{http.StatusOK, `{"status":"success","data":{"resultType":"vector","result":[
		{"metric":{"kind":"<b>pen</b>"},"value":[1,"2.5"]},{"metric":{"kind":"book\n"},"value":[1,"1234567"]},{"metric":{"kind":"ink"},"value":[1,"+Inf"]}]}}`}
	f := &fake{answer: func(_ int, query string) answer {
		if query == "shop_orders" {
			return now
		}
		return vector(shop()...)
	}, alerts: "[]", ranges: func(query string, end int64) answer {
		if query == "sum(x" {
			return failure(400, "bad_data", `1:6: parse error: unclosed left parenthesis`)
		}
		return matrix(end, curve{"kind", "<b>pen</b>", []string{"1", "2.5"}}, curve{"kind", "book\n", []string{"7", "1234567"}},
			curve{"kind", "ended", []string{"8", "9"}}, curve{"kind", "ink", []string{"1", "+Inf"}})
	}}
	page := browse(t, f.serve(t, "")+"#page=explore&expr=shop_orders", 1500*time.Millisecond)
	check(t, page.text(t), []string{"Explore", "Series: 4.", "Graph Table Download as CSV Download as PNG", "Result", "kind=ink ∞", `kind=book\n 1,234,567`, "kind=<b>pen</b> 2.5", "kind=ended –", "Series Now Change Mean Min Max"}, nil)
	if n := strings.Count(page.html, "<canvas"); n != 1 {
		t.Errorf("%d charts are drawn beside a line without end", n)
	}
	if strings.Contains(page.console, "Uncaught") {
		t.Errorf("the console has %s", page.console)
	}
	page = browse(t, f.serve(t, "")+"#page=explore&expr=sum%28x", 1500*time.Millisecond)
	check(t, page.text(t), []string{"Explore", "The query failed: 1:6: parse error: unclosed left parenthesis sum(x ▲"}, []string{"Result"})
}

// TestNeverCalled: a route whose counters are all zero is shown as never called; this is
// queried only if a route is idle.
func TestNeverCalled(t *testing.T) {
	for rate, want := range map[string]string{"0": "idle GET /old 0 – – – – – 0 B never called", "1": "GET /old 1.00"} {
		var mu sync.Mutex
		asked := false
		f := &fake{alerts: "[]", answer: func(_ int, query string) answer {
			if strings.HasSuffix(query, "== 0") && strings.Contains(query, "by (method, path) (http_requests_total") {
				mu.Lock()
				defer mu.Unlock()
				asked = true
				return vector(sample{"", map[string]string{"method": "GET", "path": "/old"}, "0"})
			}
			return vector(sample{"rate", route("shop", "GET", "/old"), rate}, sample{"rate", route("shop", "GET", "/"), "3"}, sample{"targets", job("shop"), "1"})
		}}
		page := browse(t, f.serve(t, ""), 1500*time.Millisecond)
		check(t, page.text(t), []string{want}, nil)
		mu.Lock()
		if asked != (rate == "0") {
			t.Errorf("at a rate of %s: asked %v", rate, asked)
		}
		mu.Unlock()
	}
}

// TestHostileLabels: whatever a service writes into its labels is text.
func TestHostileLabels(t *testing.T) {
	long := "/" + strings.Repeat("x", 5000)
	var samples []sample
	for _, path := range []string{`<img src=x onerror="document.title='owned'">`, "\u202egnp.exe", "a\nb\tc", `"\`, "__proto__", "مرحبا", long, ""} {
		samples = append(samples, sample{"rate", route("<b>bold</b>", "<i>", path), "1"}, sample{"errors", route("<b>bold</b>", "<i>", path), "1"})
	}
	samples = append(samples, sample{"targets", job("<b>bold</b>"), "1"})
	f := fake{answer: always(vector(samples...)), targets: "[]", alerts: `[{"state":"firing","labels":{"alertname":"<u>A</u>","__proto__":"x"},
		"annotations":{"summary":"<script>document.title='owned'</script>\u202e","runbook_url":"data:text/html,x"}}]`}
	page := browse(t, f.serve(t, ""), 1500*time.Millisecond)
	check(t, page.text(t), []string{
		"<b>bold</b> failing", `<i> <img src=x onerror="document.title='owned'"> is failing: 100% errors`,
		`\u202egnp.exe 1.00`, `<i> a\nb\tc 1.00`, `<i> "\ 1.00`, "<i> __proto__ 1.00", "مرحبا 1.00",
	}, []string{"\u202e", "\u2066"})
	check(t, browse(t, f.serve(t, "")+"#page=alerts", 1500*time.Millisecond).text(t), []string{`<script>document.title='owned'</script>\u202e`, "<u>A</u>"}, []string{"\u202e", "\u2066"})
	title := regexp.MustCompile(`<title>(.*?)</title>`).FindStringSubmatch(page.html)
	if title == nil || !strings.HasPrefix(title[1], "✖ &lt;i&gt; ") || regexp.MustCompile(`<(img|i|u)[ >]|<b>bold|data:text`).MatchString(page.html) {
		t.Errorf("a label has become HTML: title %q in\n%s", title, page.html)
	}
	if page.console != "" {
		t.Errorf("the console has\n%s", page.console)
	}
}

// TestHostileEverywhere: every API response is hostile, on every screen.
func TestHostileEverywhere(t *testing.T) {
	const evil = "<img src=x onerror=\"document.title='owned'\">\u202e\n\"'`</script>"
	labels := map[string]string{}
	for _, name := range []string{"instance", "status", "method", "path", "host", "db_name", "le", "class", "quantile", "resource", "version", "text", "started", evil} {
		labels[name] = evil
	}
	var everything []sample
	for _, part := range []string{"rate", "errors", "seconds", "count", "up", "started", "time", "timeBefore", "rateBefore", "inUse", "most", evil} {
		everything = append(everything, sample{part, labels, "1"})
	}
	hostile := strings.NewReplacer("EVIL", strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(evil, `\`, `\\`), `"`, `\"`), "\n", `\n`))
	f := &fake{
		answer: func(_ int, query string) answer {
			if isSnapshot(query) {
				return vector(sample{"rate", route(evil, evil, evil), "1"}, sample{"errors", route(evil, evil, evil), "1"}, sample{"seconds", route(evil, evil, evil), "1"}, sample{"targets", job(evil), "1"})
			}
			return vector(everything...)
		},
		ranges: func(_ string, end int64) answer {
			return matrix(end, curve{"class", evil, []string{"1", "2"}}, curve{evil, evil, []string{"1", "2"}}, curve{"le", evil, []string{"1", "2"}})
		},
		alerts:    hostile.Replace(`[{"state":"firing","activeAt":"2020-01-01T00:00:00Z","value":"EVIL","labels":{"alertname":"EVIL","EVIL":"EVIL"},"annotations":{"summary":"EVIL","description":"EVIL","runbook_url":"javascript:alert(1)"}}]`),
		targets:   hostile.Replace(`[{"labels":{"job":"EVIL","instance":"EVIL"},"health":"down","lastError":"EVIL","scrapeUrl":"javascript:EVIL"}]`),
		exemplars: hostile.Replace(`[{"seriesLabels":{"method":"EVIL"},"exemplars":[{"labels":{"trace_id":"EVIL"},"value":"1","timestamp":1}]}]`),
		traceURL:  "https://tempo/{trace_id}",
	}
	for _, fragment := range []string{"", "#route=" + url.QueryEscape(evil+" "+evil), "#page=explore&expr=x", "#page=explore&table=1&expr=" + url.QueryEscape(evil), "#page=alerts", "#filter=" + url.QueryEscape(evil)} {
		page := browse(t, f.serve(t, "")+fragment, 2500*time.Millisecond)
		text := page.text(t)
		if !strings.Contains(text, "onerror") && fragment != "#page=explore&expr=x" {
			t.Errorf("%q shows nothing hostile: %s", fragment, text)
		}
		if strings.Contains(text, "\u202e") || page.has(t, "img") || regexp.MustCompile(`<title>owned|href="javascript:`).MatchString(page.html) || strings.Contains(page.console, "Uncaught") {
			t.Errorf("%q: a label has become more than text, or breaks the page: %s\n%s", fragment, page.console, text)
		}
	}
}

// TestPrefixInBrowser: the page finds its files and its API below a prefix.
func TestPrefixInBrowser(t *testing.T) {
	f := fake{answer: always(vector(shop()...)), alerts: "[]"}
	page := browse(t, f.serve(t, "/some/where")+"#sort=-rate&filter=get+ap", 1500*time.Millisecond)
	check(t, page.text(t), []string{"Routes shown: 1 of 4", "GET /api 20.0"}, []string{"/second_route 4.00"})
}

// TestLive: an update every two seconds, one at a time; a slower server gets fewer
// requests, not more.
func TestLive(t *testing.T) {
	f := fake{answer: always(vector(shop()...)), alerts: "[]", delay: 20 * time.Millisecond}
	browse(t, f.serve(t, ""), 9*time.Second)
	if rounds, most := f.counts(); rounds < 4 || rounds > 6 || most > 4 {
		t.Errorf("in 9 s: %d rounds and %d requests at a time; want about 5, and at most 4", rounds, most)
	}
}
