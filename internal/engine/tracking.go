package engine

import "github.com/prometheus/client_golang/prometheus"

// A tracking is one exchange's record of a metric on its route.
type tracking struct {
	metric     *Metric
	start      int64
	elapsed    int64            // -1 while the handler is running
	gauge      prometheus.Gauge // to be decremented
	everywhere bool             // by RegisterDefault
}

func (m *Metric) countsExcluded() bool { return m.CountExcluded }

// Track also records the exchange in these metrics; Tracked ends what it began. Metrics of other
// Meters are ignored, and so are those that are tracked already: a request that is dispatched again
// counts once.
func (x *Exchange) Track(metrics ...*Metric) (mark int) { return x.track(metrics, false) }

func (x *Exchange) track(metrics []*Metric, everywhere bool) (mark int) {
	mark = len(x.tracked)
	for _, metric := range metrics {
		if !x.Of(metric.Engine) || !everywhere && x.tracks(metric) {
			continue
		}
		t := tracking{metric: metric, elapsed: -1, everywhere: everywhere}
		if metric.InProgress != nil {
			t.gauge = metric.InProgress(x)
			t.gauge.Inc()
		}
		t.start = x.engine.Now()
		x.tracked = append(x.tracked, t)
	}
	return mark
}

func (x *Exchange) tracks(metric *Metric) bool {
	for i := range x.tracked {
		if t := &x.tracked[i]; t.metric == metric && !t.everywhere {
			return true
		}
	}
	return false
}

// Tracked ends what Track began.
func (x *Exchange) Tracked(mark int) {
	if mark < len(x.tracked) {
		x.endTracking(mark, x.engine.Now())
	}
}

func (x *Exchange) endTracking(mark int, now int64) {
	for i := mark; i < len(x.tracked); i++ {
		t := &x.tracked[i]
		if t.elapsed >= 0 {
			continue
		}
		t.elapsed = max(now-t.start, 0)
		if t.gauge != nil {
			t.gauge.Dec()
		}
	}
}

// recordTracked records the outcome in the tracked metrics.
func (x *Exchange) recordTracked(excluded bool) {
	unmatched := x.route.Label == Unmatched
	for i := range x.tracked {
		t := &x.tracked[i]
		if t.gauge != nil || excluded && !t.metric.CountExcluded || unmatched && t.everywhere {
			continue
		}
		t.metric.Record(x, t.elapsed)
	}
}
