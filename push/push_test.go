package push

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/cluster"
	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/internal/programs"
)

// quiet are options without a log.
func quiet(url string) Options {
	return Options{URL: url, Job: "import", Instance: "a", Interval: time.Second, Logger: slog.New(slog.DiscardHandler)}
}

// query returns what an engine responds with to an instant query, or an empty text.
func query(t *testing.T, base, expr string) string {
	t.Helper()
	resp, err := http.Get(base + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var a struct {
		Data struct {
			Result []struct{ Value []any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || len(a.Data.Result) != 1 {
		return ""
	}
	return fmt.Sprint(a.Data.Result[0].Value[1])
}

func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// registry has a metric of each kind.
func registry(t *testing.T) *prometheus.Registry {
	t.Helper()
	reg := prometheus.NewRegistry()
	rows := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rows_total"}, []string{"table", "job"})
	rows.WithLabelValues("orders", "nightly").(prometheus.ExemplarAdder).AddWithExemplar(41, prometheus.Labels{"trace_id": "abc"})
	rows.WithLabelValues("", "nightly").Inc()
	age := prometheus.NewGauge(prometheus.GaugeOpts{Name: "age_seconds"})
	age.Set(-1.5)
	took := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "took_seconds", Buckets: []float64{.5, 1}, NativeHistogramBucketFactor: 1.1})
	took.Observe(.7)
	took.Observe(3)
	size := prometheus.NewSummary(prometheus.SummaryOpts{Name: "size_bytes", Objectives: map[float64]float64{.5: .05}})
	size.Observe(100)
	reg.MustRegister(rows, age, took, size)
	return reg
}

// TestArrives: all kinds of metrics arrive as a scrape would store them, at a real Prometheus and at
// VictoriaMetrics, after a job that ends at once.
func TestArrives(t *testing.T) {
	for _, start := range []struct {
		name, program string
		begin         func(context.Context, string, string) (*cluster.Engine, error)
		native        string
	}{
		{"Prometheus", "prometheus", cluster.Prometheus, "2"},
		{"VictoriaMetrics", "victoria-metrics", cluster.Victoria, ""},
	} {
		t.Run(start.name, func(t *testing.T) {
			engine, err := start.begin(t.Context(), programs.File(t, start.program), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Stop()
			o := quiet(engine.Write[0])
			o.Labels = map[string]string{"zone": "north"}
			p, err := Start(registry(t), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			const of = `{job="import",instance="a",zone="north"`
			await(t, "the samples", func() bool { return query(t, engine.Query, `last_over_time(up`+of+`}[5m])`) == "1" })
			for expr, want := range map[string]string{
				`rows_total` + of + `,table="orders",exported_job="nightly"}`: "41",
				`rows_total` + of + `,table=""}`:                              "1",
				`age_seconds` + of + `}`:                                      "-1.5",
				`took_seconds_bucket` + of + `,le="0.5"}`:                     "0",
				`took_seconds_bucket` + of + `,le="1.0"}`:                     "1",
				`took_seconds_bucket` + of + `,le="+Inf"}`:                    "2",
				`took_seconds_count` + of + `}`:                               "2",
				`took_seconds_sum` + of + `}`:                                 "3.7",
				`size_bytes` + of + `,quantile="0.5"}`:                        "100",
				`size_bytes_count` + of + `}`:                                 "1",
				`histogram_count(took_seconds` + of + `})`:                    start.native,
			} {
				if got := query(t, engine.Query, expr); got != want {
					t.Errorf("%s is %q, want %q", expr, got, want)
				}
			}
			if start.name != "Prometheus" { // VictoriaMetrics has no exemplars
				return
			}
			resp, err := http.Get(engine.Query + "/api/v1/query_exemplars?query=rows_total&start=0&end=" + strconv.FormatInt(time.Now().Unix()+60, 10))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), `"trace_id":"abc"`) {
				t.Errorf("exemplars: %s", body)
			}
		})
	}
}

// A receiver answers as it is told, and counts what it has accepted.
type receiver struct {
	*httptest.Server
	status   atomic.Int64
	accepted atomic.Int64
	seen     atomic.Int64
}

func newReceiver(t *testing.T, status int) *receiver {
	r := &receiver{}
	r.status.Store(int64(status))
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		r.seen.Add(1)
		status := int(r.status.Load())
		if status < 300 {
			r.accepted.Add(1)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

// TestComesBack: what a receiver does not accept is sent again when it does, and the log has a line for each.
func TestComesBack(t *testing.T) {
	r := newReceiver(t, http.StatusServiceUnavailable)
	var log locked.Buffer
	o := quiet(r.URL)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Registerer = prometheus.NewRegistry()
	p, err := Start(prometheus.NewRegistry(), o)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "two rounds", func() bool { return testutil.ToFloat64(p.bytes) > 0 && r.seen.Load() >= 4 })
	r.status.Store(http.StatusNoContent)
	await(t, "all of them", func() bool { return testutil.ToFloat64(p.total.WithLabelValues("sent")) >= 3 })
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got, want := testutil.ToFloat64(p.total.WithLabelValues("sent")), float64(r.accepted.Load()); got != want || testutil.ToFloat64(p.bytes) != 0 {
		t.Errorf("%v sent, %v accepted, %v bytes pending", got, want, testutil.ToFloat64(p.bytes))
	}
	if text := log.String(); strings.Count(text, "does not accept") != 1 || strings.Count(text, "accepts metrics again") != 1 {
		t.Errorf("the log:\n%s", text)
	}
}

// TestBounded: while the receiver refuses, the oldest metrics are dropped beyond the limit, and Close
// returns an error within the time it is given.
func TestBounded(t *testing.T) {
	r := newReceiver(t, http.StatusTooManyRequests)
	o := quiet(r.URL)
	o.MaxPending = 1 // one request at most
	p, err := Start(registry(t), o)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "two drops", func() bool { return testutil.ToFloat64(p.total.WithLabelValues("dropped")) >= 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.Close(ctx); err == nil || !strings.Contains(err.Error(), "has not accepted the last 1 requests") {
		t.Error(err)
	}
	if p.Close(t.Context()) == nil {
		t.Error("a second Close has no error")
	}
}

// hang responds when the client is gone, which is noticed only when the body was read.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// TestHostile: receivers that refuse for good, redirect, hang or send without end cost one request each.
func TestHostile(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}
	for name, tt := range map[string]struct {
		serve  http.HandlerFunc
		result string
	}{
		"refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }, "refused"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "refused"},
		"endless": {endless, "sent"},
		"hangs":   {hang, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(tt.serve)
			defer s.Close()
			o := quiet(s.URL)
			o.Timeout = 100 * time.Millisecond
			if name == "endless" {
				o.Timeout = 5 * time.Second
			}
			p, err := Start(registry(t), o)
			if err != nil {
				t.Fatal(err)
			}
			if tt.result != "" {
				await(t, "a result", func() bool { return testutil.ToFloat64(p.total.WithLabelValues(tt.result)) >= 1 })
			}
			err = p.Close(t.Context())
			if (tt.result == "") != (err != nil) {
				t.Errorf("Close returns %v", err)
			}
		})
	}
}

// TestBrokenCollectors: a collector that hangs does not hold up the end of the service.
func TestBrokenCollectors(t *testing.T) {
	r := newReceiver(t, http.StatusNoContent)
	release := make(chan struct{})
	p, err := Start(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { <-release; panic("broken") }), quiet(r.URL))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Close(ctx); err == nil || !strings.Contains(err.Error(), "a collector hangs") {
		t.Error(err)
	}
	close(release)
	await(t, "what a panic has left", func() bool { return r.seen.Load() > 0 || closed(p.ended) })
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestOptions: an option that is not valid is named.
func TestOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"Options.URL must look like":        {URL: "prometheus:9090"},
		"Options.Interval is 10ms":          {URL: "http://h/", Interval: 10 * time.Millisecond},
		"Options.Timeout is -1s":            {URL: "http://h/", Timeout: -time.Second},
		"Options.MaxPending is -1":          {URL: "http://h/", MaxPending: -1},
		`Options.Labels has the name "job"`: {URL: "http://h/", Labels: map[string]string{"job": "x"}},
	} {
		if _, err := Start(prometheus.NewRegistry(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// BenchmarkService: the p99 of a service's own requests while its receiver is gone, hangs or sends without
// end, divided by that without a Pusher.
func BenchmarkService(b *testing.B) {
	hangs := httptest.NewServer(http.HandlerFunc(hang))
	defer hangs.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		for range 100 {
			if _, err := w.Write([]byte("busy")); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}))
	defer slow.Close()
	for name, url := range map[string]string{"gone": "http://127.0.0.1:1/", "hangs": hangs.URL, "slow": slow.URL} {
		b.Run(name, func(b *testing.B) {
			alone, pushing := newBench(b, ""), newBench(b, url)
			for range b.N {
				alone.round()
				pushing.round()
			}
			b.ReportMetric(pushing.p99()/alone.p99(), "p99-ratio")
			b.ReportMetric(testutil.ToFloat64(pushing.pusher.bytes), "pending-bytes")
		})
	}
}
