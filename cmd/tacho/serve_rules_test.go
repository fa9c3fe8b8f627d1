package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
)

// TestRuleWindows: the windows of the built-in rules hold four scrapes of each
// job, and of what is pushed.
func TestRuleWindows(t *testing.T) {
	minute, quick := server.Job{Name: "minute", Interval: time.Minute}, server.Job{Name: "quick", Interval: 15 * time.Second}
	for _, tt := range []struct {
		name    string
		receive bool
		jobs    []server.Job
		want    string
	}{
		{"every minute", false, []server.Job{minute}, `http_requests_total{path!="",status_code=""}[4m])`},
		{"every 15 seconds", false, []server.Job{quick}, `http_requests_total{path!="",status_code=""}[1m])`},
		{"both", false, []server.Job{minute, quick}, `http_requests_total{path!="",status_code="",job!~"quick"}[4m])`},
		{"pushed besides", true, []server.Job{quick}, `http_requests_total{path!="",status_code="",job!~"quick"}[4m])`},
	} {
		f := &serveFlags{interval: 15 * time.Second}
		f.options.RemoteWriteReceiver = tt.receive
		files, err := f.rules(tt.jobs, "")
		if err != nil {
			t.Fatal(err)
		}
		if text := string(files[0].YAML); !strings.Contains(text, tt.want) {
			t.Errorf("%s: no rule with %s:\n%.500s", tt.name, tt.want, text)
		}
	}
}

// TestRareSamples: a service with a sample a minute has its rates on the page,
// and one whose samples are too rare for a rate is named, with the reason.
func TestRareSamples(t *testing.T) {
	t.Parallel() // it mostly waits
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte("global: {scrape_interval: 1m}\nscrape_configs: [{job_name: shop}, {job_name: seldom}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := spawn(t, nil, "serve", file, "--receive", "--listen", "127.0.0.1:0")
	page := p.says(pageLine)
	p.await("readiness", 30*time.Second, func() bool {
		code, _ := get(t, http.DefaultClient, page+"-/ready")
		return code == http.StatusOK
	})
	now := time.Now()
	for job, every := range map[string]time.Duration{"shop": time.Minute, "seldom": 270 * time.Second} {
		begun := now.Add(-(6 * time.Minute).Truncate(every))
		pushOf(t, page, job, `{"name":"up","gauge":{"dataPoints":[`+point(now, 1)+`]}}`)
		for status, perSecond := range map[string]float64{"200": 10, "500": 5} {
			var points []string
			for at := begun; !at.After(now); at = at.Add(every) {
				points = append(points, point(at, 1000+perSecond*at.Sub(begun).Seconds(), "method", "GET", "path", "/orders", "status", status))
			}
			pushOf(t, page, job, `{"name":"http_requests","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[`+strings.Join(points, ",")+`]}}`)
		}
	}
	p.await("the recorded rate", 90*time.Second, func() bool { return value(t, page, `round(tacho:job_http_requests:rate{job="shop"})`) == "15" })
	p.await("the missing rate", 90*time.Second, func() bool { return value(t, page, `ALERTS{alertname="TachoRatesMissing",job="seldom"}`) == "1" })
	b := newBrowser(t, page)
	b.open(page+"#last=900", 1280, 900)
	b.await("both services", `/seldom[^]*requests are counted[^]*too rarely to compute a rate/.test(document.body.innerText) && /GET \/orders is failing: 33.3% errors/.test(document.body.innerText)`)
	b.calm()
	if alert := value(t, page, `ALERTS{alertname="TachoRatesMissing",job="shop"}`); alert != "" {
		t.Errorf("the alert on missing rates is active for a service that has them: %s", alert)
	}
	p.end(syscall.SIGTERM)
}

// pushOf sends a metric of a service over OTLP, as its SDK does.
func pushOf(t *testing.T, base, service, metric string) {
	t.Helper()
	pushResource(t, base, `"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"`+service+`"}}]},`, metric)
}

// point is one of OTLP's data points, with attributes as pairs.
func point(at time.Time, value float64, attributes ...string) string {
	var all []string
	for i := 0; i < len(attributes); i += 2 {
		all = append(all, fmt.Sprintf(`{"key":%q,"value":{"stringValue":%q}}`, attributes[i], attributes[i+1]))
	}
	return fmt.Sprintf(`{"timeUnixNano":"%d","asDouble":%v,"attributes":[%s]}`, at.UnixNano(), value, strings.Join(all, ","))
}
