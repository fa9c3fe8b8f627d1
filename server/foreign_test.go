package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// everyFlag opens what a server can open.
func everyFlag(t *testing.T) *running {
	o := options(t)
	o.Config = scraping(target(t, "things 42\n"))
	o.AdminAPI, o.RemoteWriteReceiver = true, true
	r := start(t, o)
	r.await("the target", func() bool { return r.one(`things{job="shop"}`) == "42" })
	return r
}

// writes are all requests that change something.
func writes(t *testing.T) map[string][]byte {
	t.Helper()
	sample, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: "foreign"}},
		Samples: []prompb.Sample{{Timestamp: time.Now().UnixMilli(), Value: 1}},
	}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	otlp := fmt.Sprintf(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"foreign","gauge":{"dataPoints":[{"asDouble":1,"timeUnixNano":"%d"}]}}]}]}]}`, time.Now().UnixNano())
	return map[string][]byte{
		"/api/v1/admin/tsdb/delete_series?match[]={__name__=~%22.%2B%22}": nil,
		"/api/v1/admin/tsdb/clean_tombstones":                             nil,
		"/api/v1/admin/tsdb/snapshot":                                     nil,
		"/api/v1/write":                                                   snappy.Encode(nil, sample),
		"/api/v1/otlp/v1/metrics":                                         []byte(otlp),
		"/-/reload":                                                       nil,
		"/api/tacho/annotations":                                          []byte("text=foreign"),
		"/api/tacho/batch":                                                []byte(`{"queries":[]}`),
		"/api/v1/query":                                                   []byte("query=things"),
		"/api/v1/read":                                                    snappy.Encode(nil, nil),
	}
}

// TestForeignPageWrites: no path takes what a page of another origin sends, with
// everything opened; the same requests of a program are taken.
func TestForeignPageWrites(t *testing.T) {
	t.Parallel()
	r := everyFlag(t)
	senders := map[string]map[string]string{
		"another site":                 {"Origin": "https://attacker.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
		"a form":                       {"Origin": "https://attacker.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
		"another port of this machine": {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
		"an old browser":               {"Origin": "https://attacker.example"},
		"a file on disk":               {"Origin": "null"},
		"a rebound name":               {"Host": "attacker.example", "Origin": "http://attacker.example"},
	}
	before := traces(t, r)
	for sender, headers := range senders {
		for path, body := range writes(t) {
			for _, method := range []string{http.MethodPost, http.MethodPut} {
				if code, text := r.sent(method, path, body, headers); code != http.StatusForbidden {
					t.Errorf("%s %s by %s: %d %.200s", method, path, sender, code, text)
				}
			}
		}
	}
	if after := traces(t, r); !maps.Equal(before, after) {
		t.Errorf("foreign pages have left traces: %v; before %v", after, before)
	}
	for path, body := range writes(t) {
		var headers map[string]string
		if strings.Contains(path, "otlp") {
			headers = map[string]string{"Content-Type": "application/json"}
		}
		if strings.Contains(path, "annotations") {
			headers = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		}
		if strings.Contains(path, "delete") {
			continue // the others would have nothing to find
		}
		if code, text := r.sent(http.MethodPost, path, body, headers); code == http.StatusForbidden || code >= 500 {
			t.Errorf("POST %s by a program: %d %.200s", path, code, text)
		}
	}
	r.await("a program's requests to have left traces", func() bool {
		now := traces(t, r)
		return now["snapshots"] != before["snapshots"] && now["pushed"] != before["pushed"] && now["notes"] != before["notes"]
	})
}

// TestForeignPageReads: a rebound name reads nothing from any path, and a page of
// another origin loads nothing as a part of itself.
func TestForeignPageReads(t *testing.T) {
	t.Parallel()
	r := everyFlag(t)
	for sender, headers := range map[string]map[string]string{
		"a rebound name": {"Host": "attacker.example:9464"},
		"another site":   {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "https://attacker.example"},
	} {
		for _, path := range []string{
			"/", "/metrics", "/federate?match[]=things", "/-/healthy", "/-/ready", "/alerts/TachoPanics.md", "/api/v1/query?query=things",
			"/api/v1/status/config", "/api/v1/status/flags", "/api/v1/targets", "/api/v1/notifications/live", "/api/v1/openapi.yaml",
		} {
			if code, text := r.sent(http.MethodGet, path, nil, headers); code != http.StatusForbidden || strings.Contains(text, "42") {
				t.Errorf("GET %s by %s: %d %.200s", path, sender, code, text)
			}
		}
	}
}

// sent sends a request with these headers; Host is one of them.
func (r *running) sent(method, path string, body []byte, headers map[string]string) (int, string) {
	r.t.Helper()
	// A stream that is let in would not end.
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.URL(), "/")+path, io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range headers {
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return status(r.t, resp)
}

// traces is what a foreign request could have left behind.
func traces(t *testing.T, r *running) map[string]string {
	t.Helper()
	_, flags := r.get("/api/v1/status/flags")
	_, after, _ := strings.Cut(flags, `"storage.tsdb.path":"`)
	dir, _, _ := strings.Cut(after, `"`)
	snapshots, err := os.ReadDir(filepath.Join(dir, "snapshots"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return map[string]string{
		"series":    r.one(`count(things{job="shop"})`),
		"pushed":    r.one(`count({__name__=~"foreign.*"})`),
		"notes":     r.one(`count(tacho_annotation)`),
		"reloads":   line(t, r, "prometheus_config_last_reload_success_timestamp_seconds "),
		"snapshots": fmt.Sprint(len(snapshots)),
	}
}

// line returns the line of the server's own metrics that begins so.
func line(t *testing.T, r *running, begin string) string {
	t.Helper()
	_, text := r.get("/metrics")
	_, rest, found := strings.Cut(text, "\n"+begin)
	if !found {
		t.Fatalf("/metrics has no %s", begin)
	}
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
