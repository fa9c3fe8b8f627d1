package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPageOfOpenTelemetry: a service that only pushes, once a minute as
// OpenTelemetry's SDKs do, as deltas or as totals, is on the page with its routes.
func TestPageOfOpenTelemetry(t *testing.T) {
	t.Parallel()
	for name, temporality := range map[string]int{"delta": 1, "cumulative": 2} {
		t.Run(name, func(t *testing.T) {
			p := spawn(t, nil, "serve", newService(t, goodService), "--interval", "1s", "--listen", "127.0.0.1:0", "--receive")
			page := p.says(pageLine)
			p.await("readiness", 30*time.Second, func() bool { code, _ := get(t, http.DefaultClient, page+"-/ready"); return code == http.StatusOK })
			now := time.Now()
			for minute := 1; minute <= 2; minute++ { // one now, one a minute ago
				n := 60 // requests of each route in a minute
				if temporality == 2 {
					n *= minute
				}
				start, end := now.Add(time.Duration(minute-3)*time.Minute), now.Add(time.Duration(minute-2)*time.Minute)
				if temporality == 2 {
					start = now.Add(-2 * time.Minute)
				}
				pushService(t, page, temporality, start, end, n)
			}
			p.await("the recorded rates", 30*time.Second, func() bool {
				return value(t, page, `count(tacho:http_requests:rate{job="pushing",path="/orders/{id}",method="GET",status="200"} > 0)`) == "1" &&
					value(t, page, `count(tacho:http_request_duration_seconds:quantile{job="pushing",quantile="0.95"} > 0)`) == "2"
			})
			browser := newBrowser(t, page)
			browser.open(page, 1280, 900)
			browser.await("the service", `/pushing/.test(document.body.innerText)`)
			browser.do(chromedp.Navigate("about:blank"), chromedp.Navigate(page+"#open=pushing"))
			browser.await("its routes", `["/orders/{id}", "/pay"].every((route) => document.body.innerText.includes(route))`)
			browser.await("its lines", charts)
			p.end(os.Interrupt)
		})
	}
}

// pushService pushes one export of two routes with so many requests each.
func pushService(t *testing.T, page string, temporality int, start, end time.Time, n int) {
	t.Helper()
	var points []string
	for route, status := range map[string]int{"/orders/{id}": 200, "/pay": 500} {
		points = append(points, fmt.Sprintf(`{"startTimeUnixNano":"%d","timeUnixNano":"%d","count":"%d","sum":%v,"explicitBounds":[0.1,0.5],"bucketCounts":["0","%[3]d","0"],"attributes":[`+
			`{"key":"http.route","value":{"stringValue":"%[5]s"}},{"key":"http.request.method","value":{"stringValue":"GET"}},`+
			`{"key":"url.scheme","value":{"stringValue":"http"}},{"key":"http.response.status_code","value":{"intValue":"%[6]d"}}]}`,
			start.UnixNano(), end.UnixNano(), n, .2*float64(n), route, status))
	}
	body := fmt.Sprintf(`{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pushing"}},{"key":"service.instance.id","value":{"stringValue":"one"}}]},`+
		`"scopeMetrics":[{"metrics":[{"name":"http.server.request.duration","unit":"s","histogram":{"aggregationTemporality":%d,"dataPoints":[%s]}}]}]}]}`, temporality, strings.Join(points, ","))
	resp, err := http.Post(page+"api/v1/otlp/v1/metrics", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("OTLP: %s", resp.Status)
	}
}
