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

// Limits of what is remembered to add deltas up. A stream is one attribute set of
// one metric. One that is silent for longer begins at zero again, as after a restart
// of the service.
const (
	mostDeltaStreams = 100_000
	deltaStale       = time.Hour
)

// farthestStart is how long before a delta its start is stored at most, so that it is
// not too old for the TSDB.
const farthestStart = 5 * time.Minute

// settling is how long after the server's begin clients may send what they could not
// send before it.
const settling = 5 * time.Minute

// deltas adds up metrics of delta temporality, since the TSDB has cumulative values
// only. Prometheus's own conversion remembers any number of streams, and drops points
// without a word.
type deltas struct {
	sum   processor.Metrics
	most  int
	begun time.Time

	// Totals reach the storage in the order of their computation.
	mu sync.Mutex
}

// newDeltas returns a conversion that remembers at most that many streams.
func newDeltas(most int) (*deltas, error) {
	factory := deltatocumulative.NewFactory()
	config := factory.CreateDefaultConfig().(*deltatocumulative.Config)
	config.MaxStale, config.MaxStreams = deltaStale, most
	// It changes what it is given in place; there is nothing to do with the result.
	after, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error { return nil })
	if err != nil {
		return nil, err
	}
	d := &deltas{most: most, begun: time.Now()}
	d.sum, err = factory.CreateMetrics(context.Background(), processor.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger: zap.NewNop(), MeterProvider: metricnoop.NewMeterProvider(), TracerProvider: tracenoop.NewTracerProvider(),
		},
	}, config, after)
	return d, err
}

// run forgets silent streams until ctx ends.
func (d *deltas) run(ctx context.Context) error {
	if err := d.sum.Start(ctx, nil); err != nil {
		return err
	}
	<-ctx.Done()
	return d.sum.Shutdown(context.Background())
}

// convert makes the deltas of md totals, and returns the totals at the times at which
// the deltas start, where none is known. What is not newer than before, and the
// streams beyond the limit, are left out of md.
func (d *deltas) convert(ctx context.Context, md pmetric.Metrics) (starts pmetric.Metrics, err error) {
	starts = d.starts(md)
	if err = d.sum.ConsumeMetrics(ctx, starts); err == nil {
		err = d.sum.ConsumeMetrics(ctx, md)
	}
	return starts, err
}

// starts returns the deltas of md as zeros at the time from which they count. A
// client sends nothing about what did not happen: without its start, a lone delta
// would be one sample, of which there is no rate. Where the start is the end of the
// delta before, the conversion drops it.
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

// A point is a data point of any kind.
type point interface {
	Timestamp() pcommon.Timestamp
	SetTimestamp(pcommon.Timestamp)
	StartTimestamp() pcommon.Timestamp
}

// toStart makes a point the zero at its start. It is false where the start is not
// known.
func toStart[P point](d *deltas, p P, zero func(P)) bool {
	start, at := p.StartTimestamp().AsTime(), p.Timestamp().AsTime()
	if p.StartTimestamp() == 0 || !start.Before(at) {
		return false
	}
	if earliest := at.Add(-farthestStart); start.Before(earliest) {
		start = earliest
	}
	if start.Before(d.begun) && time.Since(d.begun) < settling {
		// The server that ran before has stored its total at that time. The sum
		// begins anew after it.
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

// temporality returns that of a metric, if its type has one.
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
