package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// An exporter makes exports of a service: counters and histograms with the 14
// bounds of the semantic conventions, of one route each.
type exporter struct {
	md   pmetric.Metrics
	from time.Time
}

func newExporter(temporality pmetric.AggregationTemporality, counters, histograms int, from time.Time) *exporter {
	md := pmetric.NewMetrics()
	resource := md.ResourceMetrics().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	resource.Resource().Attributes().PutStr("service.instance.id", "shop-1")
	metrics := resource.ScopeMetrics().AppendEmpty().Metrics()
	sum, histogram := metrics.AppendEmpty(), metrics.AppendEmpty()
	sum.SetName("orders")
	sum.SetEmptySum().SetIsMonotonic(true)
	sum.Sum().SetAggregationTemporality(temporality)
	histogram.SetName("http.server.request.duration")
	histogram.SetUnit("s")
	histogram.SetEmptyHistogram().SetAggregationTemporality(temporality)
	attributes := func(to pcommon.Map, i int) {
		to.PutStr("http.route", fmt.Sprintf("/orders/{id}/%d", i))
		to.PutStr("http.request.method", "GET")
		to.PutStr("url.scheme", "https")
		to.PutInt("http.response.status_code", 200)
	}
	for i := range counters {
		p := sum.Sum().DataPoints().AppendEmpty()
		attributes(p.Attributes(), i)
		p.SetIntValue(3)
	}
	for i := range histograms {
		p := histogram.Histogram().DataPoints().AppendEmpty()
		attributes(p.Attributes(), i)
		p.SetCount(3)
		p.SetSum(.3)
		p.ExplicitBounds().FromRaw([]float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10})
		p.BucketCounts().FromRaw([]uint64{0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	}
	return &exporter{md, from}
}

// next is the request of the next interval.
func (e *exporter) next(t testing.TB) *http.Request {
	t.Helper()
	start := pcommon.NewTimestampFromTime(e.from)
	e.from = e.from.Add(10 * time.Millisecond)
	end := pcommon.NewTimestampFromTime(e.from)
	metrics := e.md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for _, p := range metrics.At(0).Sum().DataPoints().All() {
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
	}
	for _, p := range metrics.At(1).Histogram().DataPoints().All() {
		p.SetStartTimestamp(start)
		p.SetTimestamp(end)
	}
	body, err := pmetricotlp.NewExportRequestFromMetrics(e.md).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	r.Header.Set("Content-Type", "application/x-protobuf")
	return r
}

// BenchmarkOTLP compares with Prometheus's receiver: an export of 1,000 points, 900
// counters and 100 histograms, into a TSDB.
func BenchmarkOTLP(b *testing.B) {
	handlers := map[string]func(b *testing.B, db *tsdb.DB) http.Handler{
		"tacho": func(b *testing.B, db *tsdb.DB) http.Handler {
			o := receiver(b, db, maxDeltaStreams)
			o.deltas.begun = time.Now().Add(-time.Hour)
			return o
		},
		"prometheus": func(_ *testing.B, db *tsdb.DB) http.Handler {
			return remote.NewOTLPWriteHandler(nopLogger(), prometheus.NewRegistry(), db,
				func() config.Config { return config.DefaultConfig }, remote.OTLPOptions{ConvertDelta: true, LookbackDelta: 5 * time.Minute})
		},
	}
	for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta} {
		for _, name := range []string{"prometheus", "tacho"} {
			b.Run(temporality.String()+"/"+name, func(b *testing.B) {
				db, err := tsdb.Open(b.TempDir(), nopLogger(), nil, tsdb.DefaultOptions(), nil)
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				h, e := handlers[name](b, db), newExporter(temporality, 900, 100, time.Now().Add(-50*time.Minute))
				h.ServeHTTP(httptest.NewRecorder(), e.next(b))
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					r, w := e.next(b), httptest.NewRecorder()
					b.StartTimer()
					if h.ServeHTTP(w, r); w.Code != http.StatusOK {
						b.Fatal(w.Code, w.Body)
					}
				}
			})
		}
	}
}

// BenchmarkOTLPStream measures what one stream of deltas costs in memory.
func BenchmarkOTLPStream(b *testing.B) {
	const streams = 20_000
	for name, n := range map[string][2]int{"counter": {streams, 0}, "histogram": {0, streams}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				o, e := receiver(b, &fakeStore{}, streams), newExporter(pmetric.AggregationTemporalityDelta, n[0], n[1], time.Now())
				r := e.next(b)
				before := heap()
				o.ServeHTTP(httptest.NewRecorder(), r)
				r.Body = nil
				b.ReportMetric(float64(heap()-before)/streams, "B/stream")
				runtime.KeepAlive(r)
				runtime.KeepAlive(o)
				runtime.KeepAlive(e)
			}
		})
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
