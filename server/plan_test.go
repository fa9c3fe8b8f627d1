package server_test

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/plan"
)

// stored writes scrapes of simulated services into a TSDB as fast as it can.
type stored struct {
	t        *testing.T
	db       *tsdb.DB
	services []*metertest.Service
	refs     map[string]storage.SeriesRef
}

// scrape appends all series of all services, with native histograms in place of classic ones.
func (s *stored) scrape(at time.Time) {
	app := s.db.Appender(s.t.Context())
	for i, service := range s.services {
		families, err := service.Gatherer().Gather()
		if err != nil {
			s.t.Fatal(err)
		}
		base := labels.FromStrings("job", "shop", "instance", fmt.Sprintf("10.0.%d.17:8080", i))
		for _, name := range []string{"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"} {
			s.append(app, labels.NewBuilder(base).Set("__name__", name).Labels(), at, 1, nil)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				b := labels.NewBuilder(base)
				for _, l := range m.GetLabel() {
					b.Set(l.GetName(), l.GetValue())
				}
				s.metric(app, b, f.GetName(), m, at)
			}
		}
	}
	if err := app.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stored) metric(app storage.Appender, b *labels.Builder, name string, m *dto.Metric, at time.Time) {
	add := func(name string, v float64) { s.append(app, b.Set("__name__", name).Labels(), at, v, nil) }
	add2 := func(label, value, name string, v float64) {
		b.Set(label, value)
		add(name, v)
		b.Del(label)
	}
	switch h, q := m.GetHistogram(), m.GetSummary(); {
	case h != nil && h.Schema != nil:
		s.append(app, b.Set("__name__", name).Labels(), at, 0, nativeOf(h))
	case h != nil:
		add(name+"_sum", h.GetSampleSum())
		add(name+"_count", float64(h.GetSampleCount()))
		for _, bucket := range h.GetBucket() {
			add2("le", fmt.Sprint(bucket.GetUpperBound()), name+"_bucket", float64(bucket.GetCumulativeCount()))
		}
		add2("le", "+Inf", name+"_bucket", float64(h.GetSampleCount()))
	case q != nil:
		add(name+"_sum", q.GetSampleSum())
		add(name+"_count", float64(q.GetSampleCount()))
		for _, x := range q.GetQuantile() {
			add2("quantile", fmt.Sprint(x.GetQuantile()), name, x.GetValue())
		}
	default:
		add(name, m.GetCounter().GetValue()+m.GetGauge().GetValue())
	}
}

func (s *stored) append(app storage.Appender, l labels.Labels, at time.Time, v float64, h *histogram.Histogram) {
	key := l.String()
	var err error
	if h != nil {
		s.refs[key], err = app.AppendHistogram(s.refs[key], l, at.UnixMilli(), h, nil)
	} else {
		s.refs[key], err = app.Append(s.refs[key], l, at.UnixMilli(), v)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// nativeOf is a histogram as Prometheus reads it from a scrape.
func nativeOf(h *dto.Histogram) *histogram.Histogram {
	out := &histogram.Histogram{
		Schema: h.GetSchema(), Count: h.GetSampleCount(), Sum: h.GetSampleSum(),
		ZeroThreshold: h.GetZeroThreshold(), ZeroCount: h.GetZeroCount(), PositiveBuckets: h.GetPositiveDelta(),
	}
	for _, span := range h.GetPositiveSpan() {
		out.PositiveSpans = append(out.PositiveSpans, histogram.Span{Offset: span.GetOffset(), Length: span.GetLength()})
	}
	return out
}

// TestPlanDisk: series, blocks and log of a real TSDB are what tacho plan says, within 25%. The
// services have ten requests per second each.
func TestPlanDisk(t *testing.T) {
	t.Parallel()
	const instances, routes, statuses, within = 2, 12, 4, .25
	for _, tt := range []struct {
		name       string
		histograms plan.Histograms
		interval   time.Duration
		block      time.Duration
	}{
		{"classic", plan.Classic, 15 * time.Second, 2 * time.Hour},
		{"classic, merged blocks", plan.Classic, time.Minute, 6 * time.Hour},
		{"native", plan.Native, 15 * time.Second, 2 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := tsdb.DefaultOptions()
			o.WALCompression, o.MaxBlockDuration = compression.Snappy, tt.block.Milliseconds()
			dir := t.TempDir()
			db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, o, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			s := &stored{t: t, db: db, refs: map[string]storage.SeriesRef{}}
			for i := range instances {
				s.services = append(s.services, metertest.NewService(tacho.Options{NativeHistograms: tt.histograms == plan.Native}, routes, statuses, uint64(i)))
			}
			p, err := plan.New(plan.Load{Routes: routes, Statuses: statuses, Instances: instances, Interval: tt.interval, Retention: tt.block, Histograms: tt.histograms})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.UnixMilli(0).Add(1_000_000 * time.Hour).Truncate(tt.block)
			var log int64 // of the first three hours
			for at := begin; at.Before(begin.Add(tt.block + 190*time.Minute)); at = at.Add(tt.interval) {
				for _, service := range s.services {
					service.Requests(int(10 * tt.interval.Seconds()))
				}
				s.scrape(at)
				if log == 0 && at.Sub(begin) >= 3*time.Hour-tt.interval {
					log = sizeBelow(filepath.Join(dir, "wal"))
				}
				if at.Sub(begin)%(2*time.Hour) == 0 {
					if err := db.Compact(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range 3 { // the head, then the blocks
				if err := db.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			first := db.Blocks()[0]
			stats := first.Meta().Stats
			if span := first.Meta().MaxTime - first.Meta().MinTime; span < (tt.block - tt.interval).Milliseconds() {
				t.Fatalf("the first block spans %v, not %v: %+v", time.Duration(span)*time.Millisecond, tt.block, first.Meta())
			}
			all, native := p.Total.Classic, 0
			if tt.histograms == plan.Native {
				all, native = p.Total.Native, p.Total.Latency
			}
			if int(stats.NumSeries) != all || int(stats.NumHistogramSamples) != native*int(tt.block/tt.interval) {
				t.Errorf("%d series with %d samples of native histograms; the plan has %d series, %d native", stats.NumSeries, stats.NumHistogramSamples, all, native)
			}
			for name, got := range map[string]float64{
				"samples":                  float64(stats.NumSamples) / tt.block.Seconds(),
				"blocks":                   float64(sizeBelow(first.Dir())),
				"write-ahead log, at most": float64(log),
			} {
				want := p.Traffic[slices.IndexFunc(p.Traffic, func(f plan.Named) bool { return f.Name == name })].Value
				t.Logf("%s: measured %.0f, planned %.0f, ratio %.2f", name, got, want, want/got)
				if math.Abs(want/got-1) > within {
					t.Errorf("%s: measured %.0f, planned %.0f", name, got, want)
				}
			}
		})
	}
}

// sizeBelow is the total size of the files of a directory.
func sizeBelow(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
