package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
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
	return &otlp{
		to: to, full: new(atomic.Bool), config: func() *config.Config { return &config.DefaultConfig }, lookback: 5 * time.Minute,
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
	if ls.Get(labels.MetricName) == "orders_total" {
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
