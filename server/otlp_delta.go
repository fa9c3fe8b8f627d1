package server

import (
	"context"
	"sync"
	"time"

	deltatocumulative "github.com/open-telemetry/opentelemetry-collector-contrib/processor/deltatocumulativeprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// Limits of the delta conversion. A stream is one attribute set of one metric. A stream
// that is idle for longer than deltaStale restarts at zero, as after a restart of the
// service.
const (
	maxDeltaStreams = 100_000
	deltaStale      = time.Hour
)

// maxStartAge is the maximum time between the stored start of a delta and the delta, so
// that the start is not too old for the TSDB.
const maxStartAge = 5 * time.Minute

// restartGrace is how long after a restart clients may resend points of the downtime.
const restartGrace = 5 * time.Minute

// deltas converts delta to cumulative temporality, because the TSDB stores cumulative
// values only. Prometheus's own conversion keeps an unlimited number of streams and
// drops points silently.
type deltas struct {
	sum        processor.Metrics
	maxStreams int
	begun      time.Time

	// mu keeps the totals in the order of their computation.
	mu sync.Mutex
}

// newDeltas returns a conversion that keeps at most the given number of streams.
func newDeltas(maxStreams int) (*deltas, error) {
	factory := deltatocumulative.NewFactory()
	config := factory.CreateDefaultConfig().(*deltatocumulative.Config)
	config.MaxStale, config.MaxStreams = deltaStale, maxStreams
	// It works in place, so the result is not used.
	after, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error { return nil })
	if err != nil {
		return nil, err
	}
	d := &deltas{maxStreams: maxStreams, begun: time.Now()}
	d.sum, err = factory.CreateMetrics(context.Background(), processor.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger: zap.NewNop(), MeterProvider: metricnoop.NewMeterProvider(), TracerProvider: tracenoop.NewTracerProvider(),
		},
	}, config, after)
	return d, err
}

// run removes idle streams until ctx is done.
func (d *deltas) run(ctx context.Context) error {
	if err := d.sum.Start(ctx, nil); err != nil {
		return err
	}
	<-ctx.Done()
	return d.sum.Shutdown(context.Background())
}

// convert replaces the deltas in md with totals, and returns the totals at the start
// times of new deltas. It removes deltas that are not newer than the previous ones, and
// streams beyond the limit.
func (d *deltas) convert(ctx context.Context, md pmetric.Metrics) (starts pmetric.Metrics, err error) {
	starts = d.starts(md)
	if err = d.sum.ConsumeMetrics(ctx, starts); err == nil {
		err = d.sum.ConsumeMetrics(ctx, md)
	}
	return starts, err
}

// starts returns the deltas of md as zeros at their start times. Clients send nothing
// while nothing happens: without a start, a single delta would be a single sample, from
// which no rate can be computed. If a start equals the end of the previous delta, the
// conversion drops it.
func (d *deltas) starts(md pmetric.Metrics) pmetric.Metrics {
	zeros := pmetric.NewMetrics()
	md.CopyTo(zeros)
	eachMetric(zeros, func(metrics pmetric.MetricSlice) {
		metrics.RemoveIf(func(m pmetric.Metric) bool {
			if !isDelta(m) {
				return true
			}
			switch m.Type() {
			case pmetric.MetricTypeSum:
				m.Sum().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return !toStart(d, p, zeroNumber) })
			case pmetric.MetricTypeHistogram:
				m.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool { return !toStart(d, p, zeroHistogram) })
			case pmetric.MetricTypeExponentialHistogram:
				m.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool { return !toStart(d, p, zeroExponential) })
			}
			return false
		})
	})
	return zeros
}

// A point is a data point of any type.
type point interface {
	Timestamp() pcommon.Timestamp
	SetTimestamp(pcommon.Timestamp)
	StartTimestamp() pcommon.Timestamp
}

// toStart sets a point to zero at its start time. It returns false if the start is
// unknown.
func toStart[P point](d *deltas, p P, zero func(P)) bool {
	start, at := p.StartTimestamp().AsTime(), p.Timestamp().AsTime()
	if p.StartTimestamp() == 0 || !start.Before(at) {
		return false
	}
	if earliest := at.Add(-maxStartAge); start.Before(earliest) {
		start = earliest
	}
	if start.Before(d.begun) && time.Since(d.begun) < restartGrace {
		// The previous server process stored its total at that time. The sum
		// restarts after it.
		start = start.Add(time.Millisecond)
	}
	p.SetTimestamp(pcommon.NewTimestampFromTime(start))
	zero(p)
	return true
}

func zeroNumber(p pmetric.NumberDataPoint) {
	pmetric.NewExemplarSlice().CopyTo(p.Exemplars())
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		p.SetIntValue(0)
		return
	}
	p.SetDoubleValue(0)
}

func zeroHistogram(p pmetric.HistogramDataPoint) {
	pmetric.NewExemplarSlice().CopyTo(p.Exemplars())
	p.SetCount(0)
	if p.HasSum() {
		p.SetSum(0)
	}
	p.RemoveMin()
	p.RemoveMax()
	p.BucketCounts().FromRaw(make([]uint64, p.BucketCounts().Len()))
}

func zeroExponential(p pmetric.ExponentialHistogramDataPoint) {
	pmetric.NewExemplarSlice().CopyTo(p.Exemplars())
	p.SetCount(0)
	p.SetZeroCount(0)
	if p.HasSum() {
		p.SetSum(0)
	}
	p.RemoveMin()
	p.RemoveMax()
	p.Positive().BucketCounts().FromRaw(nil)
	p.Negative().BucketCounts().FromRaw(nil)
}

func hasDeltas(md pmetric.Metrics) (found bool) {
	eachMetric(md, func(metrics pmetric.MetricSlice) {
		for _, m := range metrics.All() {
			found = found || isDelta(m)
		}
	})
	return found
}

func isDelta(m pmetric.Metric) bool {
	t, _ := temporality(m)
	return t == pmetric.AggregationTemporalityDelta
}

// temporality returns the temporality of a metric, if its type has one.
func temporality(m pmetric.Metric) (t pmetric.AggregationTemporality, has bool) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality(), true
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality(), true
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality(), true
	}
	return pmetric.AggregationTemporalityUnspecified, false
}

// eachMetric calls f with the metrics of every scope.
func eachMetric(md pmetric.Metrics, f func(pmetric.MetricSlice)) {
	for _, resource := range md.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			f(scope.Metrics())
		}
	}
}
