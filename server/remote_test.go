package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sending is a configuration that scrapes a shop and writes to a receiver.
func sending(shop, receiver, extra string) string {
	return "global: {scrape_interval: 1s, scrape_timeout: 1s, external_labels: {sender: me}}\n" +
		"scrape_configs: [{job_name: shop, " + extra + "static_configs: [{targets: ['" + shop + "']}]}]\n" +
		"remote_write: [{url: '" + receiver + "api/v1/write', %s queue_config: {batch_send_deadline: 100ms}}]\n"
}

const nativeJob = "scrape_native_histograms: true, always_scrape_classic_histograms: true, "

// sent are the samples that are compared. They are not calculated with: the
// packaged Prometheus interpolates in another way.
var sent = []string{"shop_orders_total[1m]", "shop_temperature[1m]", "shop_latency_seconds[1m]", "shop_order_bytes[1m]", `up{job="shop"}[1m]`}

// TestReceivesRemoteWrite: what a Prometheus sends is stored as it is, native
// histograms included: the same queries have the same answers on both.
func TestReceivesRemoteWrite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, program string
		job, remote   string
		flags         []string
	}{
		{"of this version, 1.0", prom(t, "prometheus"), nativeJob, "send_native_histograms: true,", nil},
		{"of this version, 2.0", prom(t, "prometheus"), nativeJob, "send_native_histograms: true, protobuf_message: io.prometheus.write.v2.Request,", nil},
		{"packaged, 1.0", packaged(t, "prometheus"), "", "send_native_histograms: true,", []string{"--enable-feature=native-histograms"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.RemoteWriteReceiver = true
			r := start(t, o)
			file := filepath.Join(t.TempDir(), "prometheus.yml")
			write(t, file, fmt.Sprintf(sending(newShopTarget(t), r.URL(), tt.job), tt.remote))
			sender := startPeer(t, tt.program, file, t.TempDir(), tt.flags...)
			r.await("a few scrapes to arrive", func() bool {
				return len(r.query(`count_over_time(shop_orders_total{sender="me"}[1m]) >= 4`)) > 0
			})
			at := newest(t, r.URL())
			same(t, at, r.URL(), sender.url, sent...)
		})
	}
}

// TestSendsRemoteWrite: a Prometheus receives what this server scrapes, and rejects nothing.
func TestSendsRemoteWrite(t *testing.T) {
	t.Parallel()
	const v2 = "protobuf_message: io.prometheus.write.v2.Request,"
	for _, tt := range []struct{ name, program, remote, flag string }{
		{"of this version", prom(t, "prometheus"), "send_exemplars: true,", "--enable-feature=exemplar-storage"},
		{"of this version, 2.0", prom(t, "prometheus"), "send_exemplars: true," + v2, "--enable-feature=exemplar-storage"},
		{"packaged", packaged(t, "prometheus"), "", "--enable-feature=native-histograms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			empty := filepath.Join(t.TempDir(), "prometheus.yml")
			write(t, empty, "")
			receiver := startPeer(t, tt.program, empty, t.TempDir(), "--web.enable-remote-write-receiver", tt.flag)
			o := options(t)
			o.Config = fmt.Sprintf(sending(newShopTarget(t), receiver.url, nativeJob), "send_native_histograms: true,"+tt.remote)
			r := start(t, o)
			awaitThat(t, "a few scrapes to arrive", func() bool {
				_, _, body := instant(`count_over_time(shop_orders_total{sender="me"}[1m]) >= 4`, time.Now()).send(t, receiver.url, time.Now(), time.Now())
				return strings.Contains(body, `"sender":"me"`)
			})
			at := newest(t, receiver.url)
			same(t, at, r.URL(), receiver.url, sent...)
			_, metrics := r.get("/metrics")
			for _, line := range regexp.MustCompile(`(?m)^prometheus_remote_storage_\w+_(failed|dropped)_total.* [^0]\S*$`).FindAllString(metrics, -1) {
				t.Error(line)
			}
			if tt.remote != "" && !regexp.MustCompile(`(?m)^prometheus_remote_storage_exemplars_total\{.* [^0]`).MatchString(metrics) {
				t.Error("no exemplars were sent")
			}
		})
	}
}

// TestServesRemoteRead: a Prometheus without samples of its own answers from
// this server by remote read.
func TestServesRemoteRead(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := start(t, s.options())
	s.awaitLive(r)
	for name, program := range map[string]string{"of this version": prom(t, "prometheus"), "packaged": packaged(t, "prometheus")} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "prometheus.yml")
			write(t, file, "global: {external_labels: {region: north, zone: a}}\nremote_read: [{url: '"+r.URL()+"api/v1/read', read_recent: true}]\n")
			reader := startPeer(t, program, file, t.TempDir())
			queries := []string{`past_requests_total`, `past_gauge[3m]`, `past_stale[20m]`, `past_gaps[40m]`, `past_requests_total offset 3h`}
			if program != packaged(t, "prometheus") { // that one calculates in another way and knows no UTF-8 names
				queries = append(queries, `rate(past_requests_total[5m])`, `count({job="past",__name__!="past_external"})`,
					`histogram_quantile(0.9, sum by (le) (rate(past_latency_bucket[5m])))`, `past_native[2m]`, `past_custom_buckets`,
					`histogram_quantile(0.9, rate(past_native[5m]))`, `{"past.with.dots"}`, `past_gauge_histogram[2m]`)
			}
			// A second later, so that no sample is on the edge of a range: whether it
			// belongs there has changed between versions.
			same(t, s.end.Add(time.Second), r.URL(), reader.url, queries...)
		})
	}
}

func instant(query string, at time.Time) request {
	return request{method: get, path: "api/v1/query", form: []string{"query", query, "time", unixText(at)}}
}

// newest returns the time of the newest sample that a server has of the shop.
func newest(t *testing.T, base string) time.Time {
	t.Helper()
	_, _, body := instant(`max(timestamp(shop_orders_total)) * 1000`, time.Now()).send(t, base, time.Now(), time.Now())
	var a struct{ Data struct{ Result []sample } }
	if err := json.Unmarshal([]byte(body), &a); err != nil || len(a.Data.Result) != 1 {
		t.Fatalf("no time in %s: %v", body, err)
	}
	ms, err := strconv.ParseFloat(a.Data.Result[0].String(), 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(int64(ms))
}

// same fails unless two servers answer queries about the same moment alike. The
// labels that a sender adds on the way do not count.
func same(t *testing.T, at time.Time, ours, theirs string, queries ...string) {
	t.Helper()
	added := strings.NewReplacer(`,"sender":"me"`, "", `"sender":"me",`, "")
	for _, q := range queries {
		r := instant(q, at)
		code, _, body := r.send(t, ours, at, at)
		wantCode, _, want := r.send(t, theirs, at, at)
		if code != http.StatusOK || wantCode != http.StatusOK || !strings.Contains(body, `"metric"`) {
			t.Errorf("%s: %d and %d: %.300s\n%.300s", q, code, wantCode, body, want)
			continue
		}
		if d := difference("", masked(t, added.Replace(body), r), masked(t, added.Replace(want), r)); d != "" {
			t.Errorf("%s: %s\nours: %.1500s\nProm: %.1500s", q, d, body, want)
		}
	}
}
