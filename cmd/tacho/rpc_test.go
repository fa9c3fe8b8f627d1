package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestRPCServices: services with the real metrics of each library for RPCs, whose totals grow, are
// recorded with an RPC as a route, its errors and its latency in seconds; the page shows one of them.
func TestRPCServices(t *testing.T) {
	t.Parallel() // it mostly waits
	codes := map[string]string{
		"go-grpc-middleware": "Unavailable", "otelgrpc": "UNAVAILABLE", "otelgrpc-old": "14", "otelconnect-old": "unavailable",
		"kratos": "503", "go-zero-rpc": "14",
	}
	config := "global: {scrape_interval: 1s}\nscrape_configs:\n"
	for file := range codes {
		config += fmt.Sprintf("- {job_name: %s, static_configs: [{targets: ['%s']}]}\n", file, newService(t, growing(t, file)))
	}
	p := command(t, nil, "serve", "prometheus.yml", "--listen", "127.0.0.1:0")
	if err := os.WriteFile(filepath.Join(p.cmd.Dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := p.start().says(pageLine)
	for file, code := range codes {
		of := `{job="` + file + `",path="/shop.v1.Shop/Buy"`
		p.await(file+"'s failed RPCs", time.Minute, func() bool {
			return value(t, address, `sum(tacho:http_requests:rate`+of+`,status="`+code+`"}) > 0`) != ""
		})
		p.await(file+"'s latency", time.Minute, func() bool {
			return value(t, address, `max(tacho:http_request_duration_seconds:quantile`+of+`}) <= 0.5`) != ""
		})
	}
	rpcPage(t, address, codes["go-grpc-middleware"])
	p.end(os.Interrupt)
}

// growing serves an exposition of schema/testdata whose values grow with each scrape.
func growing(t *testing.T, file string) http.HandlerFunc {
	text, err := os.ReadFile(filepath.Join("..", "..", "schema", "testdata", file+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	sample := regexp.MustCompile(`(?m)^([a-z].*) (\S+)$`)
	began := time.Now()
	return func(w http.ResponseWriter, _ *http.Request) {
		factor := 1 + time.Since(began).Seconds()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write(sample.ReplaceAllFunc(text, func(line []byte) []byte {
			m := sample.FindSubmatch(line)
			v, err := strconv.ParseFloat(string(m[2]), 64)
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			return fmt.Appendf(nil, "%s %v", m[1], v*factor)
		}))
	}
}

// rpcPage looks at the page of the service, and of its route.
func rpcPage(t *testing.T, address, code string) {
	b := newBrowser(t, address)
	b.open(address+"#open=go-grpc-middleware", 1400, 1000)
	b.await("the route", `document.body.innerText.includes("/shop.v1.Shop/Buy") && document.body.innerText.includes("25.0%")`)
	b.await("the other route", `document.body.innerText.includes("/shop.v1.Shop/Watch")`)
	b.await("the classes of the codes in the charts", `["2xx", "4xx", "5xx"].every((c) => shown("[data-id=chartRate] .keys").some((e) => e.textContent.includes(c)))`)
	b.picture("rpc")
	b.click("table.routes td.route button", "/shop.v1.Shop/Buy")
	b.await("the codes", `[`+strconv.Quote(code)+`, "NotFound", "OK"].every((c) => shown("td, th").some((e) => e.textContent.trim().startsWith(c)))`)
	b.await("the instance's own numbers", `shown("td").some((e) => /127\.0\.0\.1:\d+/.test(e.textContent.trim()))`)
	b.picture("rpc-route")
	b.calm()
}

// picture writes a screenshot for a person to look at, if TACHO_PICTURES names a directory.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("TACHO_PICTURES")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
