package server

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// receiver returns an otlp that stores in to.
func receiver(t testing.TB, to storage.AppendableV2, streams int) *otlp {
	t.Helper()
	d, err := newDeltas(streams)
	if err != nil {
		t.Fatal(err)
	}
	c := config.DefaultConfig
	c.StorageConfig.TSDBConfig = &config.TSDBConfig{}
	return &otlp{
		to: to, full: new(atomic.Bool), config: func() *config.Config { return &c }, lookback: 5 * time.Minute,
		log: nopLogger(), deltas: d, rejected: prometheus.NewCounter(prometheus.CounterOpts{Name: "rejected"}),
	}
}

// A fakeStore takes samples, unless it is told to fail.
type fakeStore struct {
	appends, commits error
	latest           float64 // of the last transaction's samples
}

func (f *fakeStore) AppenderV2(context.Context) storage.AppenderV2 { return &fakeAppender{to: f} }

type fakeAppender struct {
	to     *fakeStore
	latest float64
}

func (f *fakeAppender) Append(_ storage.SeriesRef, ls labels.Labels, _, _ int64, v float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AOptions) (storage.SeriesRef, error) {
	if ls.Get(model.MetricNameLabel) == "orders_total" {
		f.latest = v
	}
	return 0, f.to.appends
}

func (f *fakeAppender) Commit() error {
	if f.to.commits == nil {
		f.to.latest = f.latest
	}
	return f.to.commits
}

func (f *fakeAppender) Rollback() error { return nil }

// push sends the exporter's next request and returns the answer and how many points
// were rejected.
func (o *otlp) push(t *testing.T, r *http.Request) (*httptest.ResponseRecorder, int64) {
	t.Helper()
	w, answer := httptest.NewRecorder(), pmetricotlp.NewExportResponse()
	o.ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		if err := answer.UnmarshalProto(w.Body.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	return w, answer.PartialSuccess().RejectedDataPoints()
}

// TestDeltaStreams: streams beyond the limit are rejected, those that are known are
// added up, and those that were silent for an hour make room.
func TestDeltaStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := receiver(t, &fakeStore{}, 10)
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- o.run(ctx) }()
		want := func(what string, counters, histograms int, rejected int64) {
			t.Helper()
			e := newExporter(pmetric.AggregationTemporalityDelta, counters, histograms, time.Now())
			if w, got := o.push(t, e.next(t)); w.Code != http.StatusOK || got != rejected {
				t.Errorf("%s: %d %s, %d rejected; want %d", what, w.Code, w.Body, got, rejected)
			}
			time.Sleep(time.Second)
		}
		want("up to the limit", 10, 0, 0)
		want("too many", 15, 2, 7)
		time.Sleep(deltaStale / 2)
		want("half of them", 5, 0, 0)
		time.Sleep(deltaStale/2 + 2*time.Minute)
		want("as many others as were silent", 5, 5, 0)
		want("one more", 0, 6, 1)
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestOTLPIsSentAgain: what the storage cannot take now is answered so that clients
// send it again, and adds nothing twice; what can never be stored is not sent again.
func TestOTLPIsSentAgain(t *testing.T) {
	broken := errors.New("input/output error")
	for _, tt := range []struct {
		name             string
		full             bool
		appends, commits error
		want             int
	}{
		{"stored", false, nil, nil, 200},
		{"a full disk", true, nil, nil, 503},
		{"a disk that is full now", false, errFull, nil, 503},
		{"a storage that is being opened", false, tsdb.ErrNotReady, tsdb.ErrNotReady, 503},
		{"a disk that fails", false, nil, broken, 503},
		{"too late", false, storage.ErrOutOfOrderSample, nil, 200},
	} {
		for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityDelta, pmetric.AggregationTemporalityCumulative} {
			to := &fakeStore{appends: tt.appends, commits: tt.commits}
			o := receiver(t, to, 10)
			o.full.Store(tt.full)
			e := newExporter(temporality, 1, 0, time.Now())
			request := e.next(t)
			again := request.Clone(t.Context())
			again.Body, _ = request.GetBody()
			w, rejected := o.push(t, request)
			if w.Code != tt.want || (w.Code == 503) != (w.Header().Get("Retry-After") != "") || (rejected > 0) != (tt.name == "too late") {
				t.Errorf("%s, %s: %d, Retry-After %q, %d rejected; want %d", tt.name, temporality, w.Code, w.Header().Get("Retry-After"), rejected, tt.want)
			}
			if tt.want == 200 {
				continue
			}
			*to = fakeStore{}
			o.full.Store(false)
			o.push(t, again)
			if w, _ := o.push(t, e.next(t)); w.Code != http.StatusOK {
				t.Errorf("%s, %s: then %d %s", tt.name, temporality, w.Code, w.Body)
			}
			if want := map[bool]float64{true: 6, false: 3}[temporality == pmetric.AggregationTemporalityDelta]; to.latest != want {
				t.Errorf("%s, %s: the total is %v in the end; want %v", tt.name, temporality, to.latest, want)
			}
		}
	}
}

// TestCoarsen: buckets that are made coarser are those that the values have at that
// scale; empty ones at the ends are left out.
func TestCoarsen(t *testing.T) {
	values := []float64{1e-300, .001, .2, .21, 1, 1.5, 2, 300, 1e300}
	index := func(v float64, scale int32) int { return int(math.Ceil(math.Log2(v)*math.Ldexp(1, int(scale)))) - 1 }
	for _, from := range []int32{2, 0, -2} {
		for by := range int32(5) {
			p := pmetric.NewExponentialHistogramDataPoint()
			lowest, highest := index(values[0], from)-3, index(values[len(values)-1], from)+5
			counts := make([]uint64, highest-lowest)
			want := make(map[int]uint64)
			for _, v := range values {
				counts[index(v, from)-lowest]++
				want[index(v, from-by)]++
			}
			p.Positive().SetOffset(int32(lowest))
			p.Positive().BucketCounts().FromRaw(counts)
			coarsen(p.Positive(), by)
			got := p.Positive().BucketCounts().AsRaw()
			if got[0] == 0 || got[len(got)-1] == 0 {
				t.Errorf("from %d by %d: empty buckets at the ends: %v", from, by, got)
			}
			for i, n := range got {
				if at := int(p.Positive().Offset()) + i; want[at] != n {
					t.Errorf("from %d by %d: bucket %d has %d; want %d", from, by, at, n, want[at])
				} else {
					delete(want, at)
				}
			}
			if len(want) > 0 {
				t.Errorf("from %d by %d: missing are %v", from, by, want)
			}
		}
	}
}

// TestExponentialDeltas: points that the conversion would hang at or panic for are
// refused, or made such that it does neither. Each is sent twice, and then one more.
func TestExponentialDeltas(t *testing.T) {
	for _, tt := range []struct {
		name   string
		refuse int64
		set    func(p pmetric.ExponentialHistogramDataPoint, round int)
	}{
		{"the scales are far apart", 2, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetScale([]int32{math.MaxInt32, math.MinInt32, 0}[round])
		}},
		{"the values are far apart", 0, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetScale(20)
			p.Positive().SetOffset([]int32{-1_100_000_000, 1_000_000_000, 0}[round])
		}},
		{"nothing, far apart", 0, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetScale(20)
			p.Positive().SetOffset([]int32{-1_100_000_000, 1_000_000_000, 0}[round])
			p.Positive().BucketCounts().FromRaw([]uint64{0, 0})
		}},
		{"no such value", 2, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetScale(1)
			p.Positive().SetOffset([]int32{math.MinInt32, math.MaxInt32, 0}[round])
		}},
		{"a zero threshold of a power of two at a negative scale", 0, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetScale(-2)
			p.SetZeroThreshold([]float64{0, .25, 4}[round])
		}},
		{"no zero threshold at all", 2, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetZeroThreshold([]float64{math.NaN(), math.Inf(1), 0}[round])
		}},
		{"very many buckets", 0, func(p pmetric.ExponentialHistogramDataPoint, round int) {
			p.SetScale(8)
			counts := make([]uint64, 100_000)
			counts[0], counts[99_999] = 1, 1
			p.Positive().SetOffset(int32(-50_000 * round))
			p.Positive().BucketCounts().FromRaw(counts)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, begun, refused := receiver(t, &fakeStore{}, 10), time.Now(), int64(0)
			for round := range 3 {
				md := pmetric.NewMetrics()
				m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
				m.SetName("latency")
				m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
				p := m.ExponentialHistogram().DataPoints().AppendEmpty()
				p.SetStartTimestamp(pcommon.NewTimestampFromTime(begun.Add(time.Duration(round) * time.Second)))
				p.SetTimestamp(pcommon.NewTimestampFromTime(begun.Add(time.Duration(round+1) * time.Second)))
				p.SetCount(2)
				p.Positive().BucketCounts().FromRaw([]uint64{1, 1})
				tt.set(p, round)
				left, err := o.take(t.Context(), md)
				if refused += int64(left.points); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(begun); refused != tt.refuse || took > 5*time.Second {
				t.Errorf("%d points are refused within %v; want %d", refused, took, tt.refuse)
			}
		})
	}
}

// FuzzOTLP: whatever is pushed is answered, and changes nothing for others.
func FuzzOTLP(f *testing.F) {
	for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityDelta, pmetric.AggregationTemporalityCumulative} {
		e := newExporter(temporality, 2, 2, time.Now())
		exponential := e.md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
		exponential.SetEmptyExponentialHistogram().SetAggregationTemporality(temporality)
		p := exponential.ExponentialHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		p.SetScale(3)
		p.Positive().SetOffset(-4)
		p.Positive().BucketCounts().FromRaw([]uint64{1, 0, 2})
		request := pmetricotlp.NewExportRequestFromMetrics(e.md)
		binary, _ := request.MarshalProto()
		text, _ := request.MarshalJSON()
		f.Add(binary, false)
		f.Add(text, true)
	}
	o := receiver(f, &fakeStore{}, 100)
	f.Fuzz(func(t *testing.T, body []byte, isJSON bool) {
		contentType := map[bool]string{true: "application/json", false: "application/x-protobuf"}[isJSON]
		for range 2 {
			r, w := httptest.NewRequest(http.MethodPost, otlpPath, bytes.NewReader(body)), httptest.NewRecorder()
			r.Header.Set("Content-Type", contentType)
			if o.ServeHTTP(w, r); w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	})
}
