package server_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tacho-go/tacho/server"
)

// A shop is a service with every kind of metric, hours of history in a data
// folder, rules, and the prometheus.yml that puts them together.
type shop struct {
	target string // host:port
	config string // the prometheus.yml
	rules  string
	data   string // the data folder
	begin  time.Time
	end    time.Time // of the history
}

// history is how long the made-up past is: long enough for a block, a head and
// the seam between them.
const (
	history = 4*time.Hour + 30*time.Minute
	step    = 15 * time.Second
)

const shopConfig = `
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
  external_labels: {region: north, zone: a}
rule_files: [%s]
scrape_configs:
- job_name: shop
  scrape_native_histograms: true
  always_scrape_classic_histograms: true
  static_configs:
  - targets: [%q]
    labels: {team: basket}
- job_name: tacho
  scrape_protocols: [OpenMetricsText1.0.0]
  static_configs:
  - targets: [%q]
- job_name: gone
  static_configs:
  - targets: ["127.0.0.1:1"]
`

const shopRules = `groups:
- name: recording
  rules:
  - record: job_path:shop_orders:rate1m
    expr: sum by (job, path) (rate(shop_orders_total[1m]))
    labels: {kind: recorded}
  - record: job:shop_latency_seconds:rate1m
    expr: sum by (job) (rate(shop_latency_seconds[1m]))
- name: alerting
  interval: 1s
  rules:
  - alert: ShopGone
    expr: up{job="gone"} == 0
    labels: {severity: page}
    annotations: {summary: "{{ $labels.instance }} is gone", value: "{{ $value }}"}
  - alert: ShopSlow
    expr: shop_temperature > -100
    for: 1h
    keep_firing_for: 1m
    annotations: {summary: slow}
  - alert: Never
    expr: shop_temperature < -1000
`

// newShop makes the service, its history and its configuration.
func newShop(t testing.TB) *shop {
	t.Helper()
	dir := t.TempDir()
	s := &shop{
		target: newShopTarget(t),
		config: filepath.Join(dir, "prometheus.yml"),
		rules:  filepath.Join(dir, "rules.yml"),
		data:   filepath.Join(dir, "data"),
		end:    time.Now().Add(-20 * time.Second).Truncate(step),
	}
	s.begin = s.end.Add(-history)
	for name, text := range map[string]string{s.rules: shopRules, s.config: fmt.Sprintf(shopConfig, s.rules, s.target, s.target)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.fill(t)
	return s
}

// options are those of a server on this shop.
func (s *shop) options() server.Options {
	return server.Options{
		ConfigFile: s.config, DataDir: s.data, Listen: "127.0.0.1:0", AdminAPI: true,
		DiscoveryInterval: 50 * time.Millisecond, FlushDeadline: time.Second,
	}
}

// newShopTarget serves a service whose numbers move with every scrape.
func newShopTarget(t testing.TB) string {
	reg := prometheus.NewRegistry()
	orders := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shop_orders_total", Help: "Orders taken."}, []string{"path", "status"})
	temperature := prometheus.NewGauge(prometheus.GaugeOpts{Name: "shop_temperature", Help: "Of the cellar."})
	latency := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "shop_latency_seconds", Help: "How long orders take.",
		Buckets: []float64{.01, .1, 1}, NativeHistogramBucketFactor: 1.1,
	}, []string{"path"})
	sizes := prometheus.NewSummary(prometheus.SummaryOpts{Name: "shop_order_bytes", Help: "Size of orders.", Objectives: map[float64]float64{.5: .05, .99: .001}})
	reg.MustRegister(orders, temperature, latency, sizes)

	scrape := promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := n.Add(1)
		temperature.Set(20 + 5*math.Sin(float64(i)))
		sizes.Observe(float64(100 * (i % 7)))
		for j, path := range []string{"/cart", "/pay", "/ship"} {
			orders.WithLabelValues(path, "200").Add(float64(j + 1))
			if i%3 == 0 {
				orders.WithLabelValues(path, "500").Inc()
			}
			latency.WithLabelValues(path).(prometheus.ExemplarObserver).ObserveWithExemplar(
				0.003*float64(1+i%50)*float64(j+1), prometheus.Labels{"trace_id": fmt.Sprintf("%s-%d", path, i)})
		}
		scrape.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

// fill writes the history into the data folder: a block and a log.
func (s *shop) fill(t testing.TB) {
	t.Helper()
	db, err := tsdb.Open(s.data, nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	past := pastSeries()
	app := db.Appender(t.Context())
	for i, at := 0, s.begin; !at.After(s.end); i, at = i+1, at.Add(step) {
		for _, p := range past {
			if err := p.append(app, at.UnixMilli(), i); err != nil {
				t.Fatalf("%s: %v", p.labels, err)
			}
		}
		if i%100 == 99 {
			if err := app.Commit(); err != nil {
				t.Fatal(err)
			}
			app = db.Appender(t.Context())
		}
	}
	if err := errors.Join(app.Commit(), db.Compact(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// A past is one made-up series: its value at each step. ok is false for no
// sample.
type past struct {
	labels labels.Labels
	value  func(i int) (f float64, h *histogram.Histogram, ok bool)
}

func (p *past) append(app storage.Appender, ms int64, i int) error {
	f, h, ok := p.value(i)
	if !ok {
		return nil
	}
	var err error
	if h != nil {
		_, err = app.AppendHistogram(0, p.labels, ms, h, nil)
	} else {
		_, err = app.Append(0, p.labels, ms, f)
	}
	return err
}

// pastSeries are counters, gauges and histograms of every sort, with the
// oddities that queries stumble over.
func pastSeries() []*past {
	var all []*past
	add := func(value func(i int) (float64, *histogram.Histogram, bool), pairs ...string) {
		all = append(all, &past{labels.FromStrings(append(pairs, "job", "past")...), value})
	}
	number := func(f func(i int) float64) func(int) (float64, *histogram.Histogram, bool) {
		return func(i int) (float64, *histogram.Histogram, bool) { return f(i), nil, true }
	}
	hist := func(f func(i int) *histogram.Histogram) func(int) (float64, *histogram.Histogram, bool) {
		return func(i int) (float64, *histogram.Histogram, bool) { return 0, f(i), true }
	}
	for n, path := range []string{"/", "/cart", "/pay", "/users/{id}"} {
		for m, status := range []string{"200", "404", "500"} {
			add(number(func(i int) float64 { return float64((i % (300 + 50*n)) * (n + 1) * (4 - m)) }), // restarts
				"__name__", "past_requests_total", "path", path, "status", status, "instance", "a:1")
		}
		for k, le := range []string{"0.1", "0.5", "1", "+Inf"} {
			add(number(func(i int) float64 { return float64(i * (n + 1) * (k + 1)) }), "__name__", "past_latency_bucket", "path", path, "le", le)
		}
		add(number(func(i int) float64 { return float64(i*(n+1)) * 0.7 }), "__name__", "past_latency_sum", "path", path)
		add(number(func(i int) float64 { return float64(i * (n + 1) * 4) }), "__name__", "past_latency_count", "path", path)
		add(hist(func(i int) *histogram.Histogram { return tsdbutil.GenerateTestHistogram(int64(i % (500 + n))) }), "__name__", "past_native", "path", path)
	}
	add(hist(func(i int) *histogram.Histogram { return tsdbutil.GenerateTestGaugeHistogram(int64(i % 60)) }), "__name__", "past_gauge_histogram")
	add(hist(func(i int) *histogram.Histogram { return tsdbutil.GenerateTestCustomBucketsHistogram(int64(i)) }), "__name__", "past_custom_buckets")
	for n, f := range []func(i int) float64{
		func(i int) float64 { return math.Sin(float64(i) / 40) },
		func(i int) float64 { return 1e9 * math.Cos(float64(i)/9) },
		func(int) float64 { return math.NaN() },
		func(i int) float64 { return math.Inf(1 - i%2*2) },
		func(i int) float64 { return -1 / float64(i+1) },
	} {
		add(number(f), "__name__", "past_gauge", "n", fmt.Sprint(n))
	}
	add(func(i int) (float64, *histogram.Histogram, bool) { return float64(i), nil, i%80 < 40 }, "__name__", "past_gaps")
	add(func(i int) (float64, *histogram.Histogram, bool) {
		if i%50 == 25 {
			return math.Float64frombits(value.StaleNaN), nil, true
		}
		return float64(i), nil, i%50 < 25
	}, "__name__", "past_stale")
	add(func(i int) (float64, *histogram.Histogram, bool) {
		switch last := int(history / step); {
		case i < last-10:
			return float64(i), nil, true
		case i == last-10:
			return math.Float64frombits(value.StaleNaN), nil, true
		default:
			return 0, tsdbutil.GenerateTestHistogram(int64(i)), true
		}
	}, "__name__", "past_switched") // numbers, then histograms
	add(number(func(i int) float64 { return float64(i) }), "__name__", "past.with.dots", "name of label", "wért")
	add(number(func(int) float64 { return 1 }), "__name__", "past_info", "version", "1.2.3", "path", "/pay")
	add(number(func(i int) float64 { return float64(i) }), "__name__", "past_external", "region", "south", "instance", "")
	return all
}
