package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestSLORulesFollowNames: the rules of an objective read the names of its service only. Until there are
// any they read all, and a service that changes its library is counted without a gap.
func TestSLORulesFollowNames(t *testing.T) {
	t.Parallel()                       // it mostly waits
	var library atomic.Pointer[string] // format of the metrics, of the number of requests
	var requests atomic.Int64
	service := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		format := library.Load()
		if format == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, *format, requests.Add(100))
	})
	p := spawn(t, nil, "serve", "shop="+service, "--listen", "127.0.0.1:0", "--interval", "1s", "--slo", "shop: 99.5% available")
	page := p.says(pageLine)
	rules := func() string {
		_, body := get(t, http.DefaultClient, page+"api/v1/rules?rule_name[]=tacho:slo_events:sum")
		return body
	}
	const flask, others = "flask_http_request_duration_seconds_count", "echo_requests_total"
	p.await("the rules", 30*time.Second, func() bool { return strings.Contains(rules(), others) && strings.Contains(rules(), flask) })
	rate := func() float64 {
		v, _ := strconv.ParseFloat(value(t, page, `tacho:slo_events:rate{slo="shop-availability"}`), 64)
		return v
	}
	if rate() != 0 {
		t.Error("there are events before the service has started")
	}
	before := "# TYPE http_requests_total counter\nhttp_requests_total{method=\"GET\",path=\"/\",status=\"200\"} %d\n"
	library.Store(&before)
	p.await("events", 30*time.Second, func() bool { return rate() > 1 })
	p.await("rules for its names", 30*time.Second, func() bool {
		all := rules()
		return !strings.Contains(all, others) && !strings.Contains(all, flask) && strings.Contains(all, "http_requests_total")
	})
	after := "# TYPE flask_http_request_duration_seconds histogram\n" +
		"flask_http_request_duration_seconds_count{method=\"GET\",path=\"/\",status=\"200\"} %[1]d\nflask_http_request_duration_seconds_sum{method=\"GET\",path=\"/\",status=\"200\"} %[1]d\n" +
		"flask_http_request_duration_seconds_bucket{method=\"GET\",path=\"/\",status=\"200\",le=\"+Inf\"} %[1]d\n"
	library.Store(&after)
	changed := time.Now()
	p.await("rules for both names", 30*time.Second, func() bool {
		return strings.Contains(rules(), flask) && strings.Contains(rules(), "http_requests_total")
	})
	if strings.Contains(rules(), others) {
		t.Error("the rules read all names again")
	}
	p.await("events under the new names alone", 2*time.Minute, func() bool { return value(t, page, `rate(http_requests_total{job="shop"}[1m])`) == "" && rate() > 1 })
	least := fmt.Sprintf(`min_over_time((sum(tacho:slo_events:rate{slo="shop-availability"}) or vector(-1))[%ds:1s]) > 0`, int(time.Since(changed).Seconds())+1)
	if value(t, page, least) == "" {
		t.Error("while the names changed, there was a moment without events")
	}
	p.end(syscall.SIGTERM)
}

// buckets is a service whose histogram has the bounds, and has one request a second.
func buckets(bounds ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		n := time.Now().Unix()
		fmt.Fprint(w, "# TYPE http_request_duration_seconds histogram\n")
		for _, le := range append(bounds, "+Inf") {
			fmt.Fprintf(w, "http_request_duration_seconds_bucket{method=\"GET\",path=\"/\",status=\"200\",le=%q} %d\n", le, n)
		}
		fmt.Fprintf(w, "http_request_duration_seconds_sum{method=\"GET\",path=\"/\",status=\"200\"} 0.05\nhttp_request_duration_seconds_count{method=\"GET\",path=\"/\",status=\"200\"} %d\n", n)
	}
}

// TestSLOBoundsOfConfig: a limit that is no bucket bound of a service in the prometheus.yml is named, with the
// nearest bounds, by the log, by a recorded metric and by the page, until the service has the bound. Such an
// objective has no budget, rather than a full one.
func TestSLOBoundsOfConfig(t *testing.T) {
	t.Parallel() // it mostly waits
	var now atomic.Pointer[http.HandlerFunc]
	serve := func(h http.HandlerFunc) { now.Store(&h) }
	serve(buckets("0.1", "0.25", "0.5"))
	service := newService(t, func(w http.ResponseWriter, r *http.Request) { (*now.Load())(w, r) })
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	writeText(t, file, "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nscrape_configs: [{job_name: shop, static_configs: [{targets: ['"+service+"']}]}]\n")
	p := spawn(t, nil, "serve", file, "--listen", "127.0.0.1:0", "--interval", "1s", "--slo", "shop: 99% below 300ms")
	page := p.says(pageLine)
	bound := func(which string) string {
		return value(t, page, `tacho:slo_nearest_bound:seconds{slo="shop-latency",job="shop",bound="`+which+`"}`)
	}
	p.await("the nearest bounds", 60*time.Second, func() bool { return bound("lower") == "0.25" && bound("upper") == "0.5" })
	const reason = "300ms is not a bucket bound of shop: the nearest are 250ms and 500ms"
	if log := p.log.String(); strings.Count(log, reason) != 1 {
		t.Errorf("the log has the reason %d times, want once", strings.Count(log, reason))
	}
	const budget = `tacho:slo_error_budget:ratio{slo="shop-latency"}`
	p.await("events without a budget", 30*time.Second, func() bool {
		return value(t, page, `tacho:slo_events:sum{slo="shop-latency",window="30d"} > 0`) != "" && value(t, page, budget) == ""
	})
	b := newBrowser(t, page)
	b.open(page+"#page=slos", 1280, 900)
	b.await("the reason", `/No data: 300 ms is not a bucket bound of shop. The nearest are 250 ms and 500 ms./.test(document.body.innerText)`)
	serve(buckets("0.1", "0.3", "0.5"))
	p.await("a budget", 60*time.Second, func() bool { return bound("lower") == "" && value(t, page, budget) != "" })
	p.end(syscall.SIGTERM)
}

// TestSLOBoundsOfSettings: targets of the settings file are checked at the start, as those of the command line.
func TestSLOBoundsOfSettings(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "tacho.yml")
	writeText(t, settings, "serve:\n  target: [shop="+newService(t, buckets("0.1", "0.25", "0.5"))+"]\n  slo: ['shop: 99% below 300ms']\n")
	p := command(t, nil, "serve", "--settings", settings, "--listen", "127.0.0.1:0")
	if err := p.cmd.Run(); err == nil || !strings.Contains(p.log.String(), "300ms is not a bucket bound of shop: the nearest are 250ms and 500ms") {
		t.Errorf("it ended with %v: %s", err, &p.log)
	}
}
