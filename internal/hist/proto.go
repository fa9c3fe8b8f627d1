package hist

import (
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Proto returns the snapshot in client_model's type, with cumulative buckets.
func (r *Snapshot) Proto() *dto.Histogram {
	count, sum := r.Count, r.Sum
	h := &dto.Histogram{SampleCount: &count, SampleSum: &sum}
	bounds := r.Bounds.Upper
	cumulative := make([]uint64, len(bounds)+1)
	running := uint64(0)
	for i := range r.Buckets {
		running += r.Buckets[i]
		cumulative[i] = running
		b := &dto.Bucket{CumulativeCount: &cumulative[i], Exemplar: r.Exemplar(i).proto()}
		if i < len(bounds) {
			b.UpperBound = &bounds[i]
		} else if b.Exemplar == nil {
			break // +Inf is implied unless it carries an exemplar
		} else {
			b.UpperBound = &Infinity
		}
		h.Bucket = append(h.Bucket, b)
	}
	if r.Native != nil {
		r.Native.proto(h)
		for i := range r.Buckets {
			if e := r.Exemplar(i).proto(); e != nil {
				h.Exemplars = append(h.Exemplars, e)
			}
		}
	}
	return h
}

// proto adds the native part to a histogram.
func (r *NativeSnapshot) proto(h *dto.Histogram) {
	schema, zero, threshold := r.Schema, r.Zero, ZeroThreshold
	h.Schema, h.ZeroThreshold, h.ZeroCount = &schema, &threshold, &zero
	for _, s := range r.Spans {
		h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: &s.Offset, Length: &s.Length})
	}
	h.PositiveDelta = append([]int64(nil), r.Deltas...)
}

// proto returns the exemplar, which may be nil.
func (x *Exemplar) proto() *dto.Exemplar {
	if x == nil {
		return nil
	}
	out := &dto.Exemplar{Value: &x.Seconds, Timestamp: Timestamp(x.At)}
	x.Labels(func(name, value string) {
		out.Label = append(out.Label, &dto.LabelPair{Name: &name, Value: &value})
	})
	return out
}

// Timestamp converts a time in nanoseconds since the epoch.
func Timestamp(ns int64) *timestamppb.Timestamp { return timestamppb.New(time.Unix(0, ns)) }
