package tacho

import (
	"context"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
)

// exemplarEvery is how often a bucket takes a new exemplar. In between, a
// request pays one atomic load for it.
const exemplarEvery = int64(time.Second)

// exemplars are the traces that a series's buckets point to.
type exemplars struct{ slots []exemplarSlot }

type exemplarSlot struct {
	taken   atomic.Int64 // on the meter's clock
	present atomic.Pointer[exemplar]
}

type exemplar struct {
	traceID, spanID string
	seconds         float64
	at              int64 // nanoseconds since the epoch
}

func newExemplars(buckets int) *exemplars { return &exemplars{make([]exemplarSlot, buckets)} }

// observe takes an exemplar for a bucket when its last one is old enough.
func (e *exemplars) observe(m *Meter, ctx context.Context, bucket int, now, latency int64) {
	slot := &e.slots[bucket]
	last := slot.taken.Load()
	if last != 0 && now-last < exemplarEvery || ctx == nil {
		return
	}
	if !slot.taken.CompareAndSwap(last, now) {
		return // somebody else takes one just now
	}
	if traceID, spanID := m.trace(ctx); traceID != "" {
		// Copies: an id may be a part of a header, whose memory it would keep.
		slot.present.Store(&exemplar{strings.Clone(traceID), strings.Clone(spanID), float64(latency) / 1e9, m.wall().UnixNano()})
	}
}

// maxExemplarRunes is OpenMetrics's limit for all labels of an exemplar.
const maxExemplarRunes = 128

// trace asks Options.TraceFunc. What would make the scrape invalid is left out.
func (m *Meter) trace(ctx context.Context) (traceID, spanID string) {
	defer m.survive(traceFunc)
	traceID, spanID = m.opts.TraceFunc(ctx)
	runes := utf8.RuneCountInString(traceID) + utf8.RuneCountInString(spanID) + len("trace_id") + len("span_id")
	if runes > maxExemplarRunes || !utf8.ValidString(traceID) || !utf8.ValidString(spanID) {
		return "", ""
	}
	return traceID, spanID
}

// all returns the present exemplars of all buckets, nil where there is none.
func (e *exemplars) all(into []*exemplar) []*exemplar {
	if e == nil {
		return nil
	}
	for i := range e.slots {
		into = append(into, e.slots[i].present.Load())
	}
	return into
}

// exemplar returns a bucket's exemplar, or nil.
func (r *reading) exemplar(bucket int) *exemplar {
	if bucket >= len(r.exemplars) {
		return nil
	}
	return r.exemplars[bucket]
}

// newer is the one of two exemplars, each of which may be nil, that was taken
// later.
func newer(a, b *exemplar) *exemplar {
	if a == nil || b != nil && b.at > a.at {
		return b
	}
	return a
}

// labels calls f for each label of the exemplar.
func (x *exemplar) labels(f func(name, value string)) {
	if x.spanID != "" {
		f("span_id", x.spanID)
	}
	f("trace_id", x.traceID)
}

func (x *exemplar) proto() *dto.Exemplar {
	if x == nil {
		return nil
	}
	out := &dto.Exemplar{Value: &x.seconds, Timestamp: timestamp(x.at)}
	x.labels(func(name, value string) {
		out.Label = append(out.Label, &dto.LabelPair{Name: &name, Value: &value})
	})
	return out
}
