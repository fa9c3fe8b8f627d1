package push

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// A request is an encoded WriteRequest of remote write 1.0
// (https://prometheus.io/docs/specs/prw/remote_write_spec/).
type request []byte

// SizeVT and MarshalToSizedBufferVT are how the client reads a request.
func (r request) SizeVT() int { return len(r) }

// MarshalToSizedBufferVT copies the request.
func (r request) MarshalToSizedBufferVT(to []byte) (int, error) { return copy(to, r), nil }

// gather collects all families. A collector that panics is an error, and not the end of the service.
func gather(from prometheus.Gatherer) (families []*dto.MetricFamily, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a collector panics: %v", p)
		}
	}()
	return from.Gather()
}

// An encoder writes series with the same labels and the same time.
type encoder struct {
	request
	common [][2]string
	at     int64 // milliseconds
	labels [][2]string
}

func encode(families []*dto.MetricFamily, common [][2]string, now time.Time) request {
	e := &encoder{common: common, at: now.UnixMilli()}
	e.series("up", nil, nil, sample(1, e.at), nil)
	for _, f := range families {
		for _, m := range f.Metric {
			e.metric(f.GetName(), m)
		}
	}
	return e.request
}

func (e *encoder) metric(name string, m *dto.Metric) {
	switch {
	case m.Counter != nil:
		e.series(name, m, nil, sample(m.Counter.GetValue(), e.time(m)), exemplars(m.Counter.Exemplar))
	case m.Gauge != nil:
		e.series(name, m, nil, sample(m.Gauge.GetValue(), e.time(m)), nil)
	case m.Untyped != nil:
		e.series(name, m, nil, sample(m.Untyped.GetValue(), e.time(m)), nil)
	case m.Summary != nil:
		e.summary(name, m)
	case m.Histogram != nil:
		e.histogram(name, m)
	}
}

func (e *encoder) summary(name string, m *dto.Metric) {
	s, at := m.Summary, e.time(m)
	for _, q := range s.Quantile {
		e.series(name, m, &[2]string{"quantile", number(q.GetQuantile())}, sample(q.GetValue(), at), nil)
	}
	e.series(name+"_sum", m, nil, sample(s.GetSampleSum(), at), nil)
	e.series(name+"_count", m, nil, sample(float64(s.GetSampleCount()), at), nil)
}

// histogram writes the classic buckets if there are any, and the native histogram if there is one.
func (e *encoder) histogram(name string, m *dto.Metric) {
	h, at := m.Histogram, e.time(m)
	if isNative(h) {
		e.series(name, m, nil, native(h, at), exemplars(h.Exemplars...))
	}
	if len(h.Bucket) == 0 && isNative(h) {
		return
	}
	infinite := false
	for _, b := range h.Bucket {
		infinite = infinite || math.IsInf(b.GetUpperBound(), 1)
		e.series(name+"_bucket", m, &[2]string{"le", number(b.GetUpperBound())}, sample(count(b.CumulativeCountFloat, b.GetCumulativeCount()), at), exemplars(b.Exemplar))
	}
	total := count(h.SampleCountFloat, h.GetSampleCount())
	if !infinite {
		e.series(name+"_bucket", m, &[2]string{"le", "+Inf"}, sample(total, at), nil)
	}
	e.series(name+"_sum", m, nil, sample(h.GetSampleSum(), at), nil)
	e.series(name+"_count", m, nil, sample(total, at), nil)
}

// count is a count of a histogram, which may be of floats.
func count(float *float64, integer uint64) float64 {
	if float != nil && *float != 0 {
		return *float
	}
	return float64(integer)
}

func (e *encoder) time(m *dto.Metric) int64 {
	if m.TimestampMs != nil {
		return *m.TimestampMs
	}
	return e.at
}

// series appends a TimeSeries with its labels in order. content and exemplars are encoded fields.
func (e *encoder) series(name string, m *dto.Metric, own *[2]string, content, exemplars []byte) {
	e.labels = append(append(e.labels[:0], [2]string{"__name__", name}), e.common...)
	for _, l := range m.GetLabel() {
		label := l.GetName()
		if slices.ContainsFunc(e.common, func(c [2]string) bool { return c[0] == label }) {
			label = "exported_" + label
		}
		e.labels = append(e.labels, [2]string{label, l.GetValue()})
	}
	if own != nil {
		e.labels = append(e.labels, *own)
	}
	slices.SortFunc(e.labels, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var b []byte
	for _, l := range e.labels {
		if l[1] != "" { // an empty label is none
			b = message(b, 1, label(l[0], l[1]))
		}
	}
	b = append(append(b, content...), exemplars...)
	e.request = message(e.request, 1, b)
}

// sample encodes the field of a sample.
func sample(v float64, at int64) []byte {
	return message(nil, 2, varint(double(nil, 1, v), 2, uint64(at)))
}

// exemplars encodes the fields of exemplars, without those that have no time.
func exemplars(all ...*dto.Exemplar) (b []byte) {
	for _, x := range all {
		at := x.GetTimestamp()
		if x == nil || at == nil {
			continue
		}
		var one []byte
		for _, l := range x.Label {
			one = message(one, 1, label(l.GetName(), l.GetValue()))
		}
		b = message(b, 3, varint(double(one, 2, x.GetValue()), 3, uint64(millis(at))))
	}
	return b
}

func millis(t *timestamppb.Timestamp) int64 { return t.AsTime().UnixMilli() }

func isNative(h *dto.Histogram) bool {
	return h.Schema != nil && (h.GetZeroThreshold() != 0 || len(h.PositiveSpan) > 0 || len(h.NegativeSpan) > 0 || h.GetZeroCount() > 0 || h.GetZeroCountFloat() > 0)
}

// native encodes the field of a native histogram.
func native(h *dto.Histogram, at int64) []byte {
	var b []byte
	float := h.GetSampleCountFloat() > 0
	if float {
		b = double(b, 2, h.GetSampleCountFloat())
	} else {
		b = varint(b, 1, h.GetSampleCount())
	}
	b = double(b, 3, h.GetSampleSum())
	b = varint(b, 4, protowire.EncodeZigZag(int64(h.GetSchema())))
	b = double(b, 5, h.GetZeroThreshold())
	if float {
		b = double(b, 7, h.GetZeroCountFloat())
	} else {
		b = varint(b, 6, h.GetZeroCount())
	}
	b = buckets(b, 8, h.NegativeSpan, h.NegativeDelta, h.NegativeCount)
	b = buckets(b, 11, h.PositiveSpan, h.PositiveDelta, h.PositiveCount)
	return message(nil, 4, varint(b, 15, uint64(at)))
}

// buckets encodes spans, deltas and counts, whose fields are next to each other.
func buckets(b []byte, field protowire.Number, spans []*dto.BucketSpan, deltas []int64, counts []float64) []byte {
	for _, s := range spans {
		b = message(b, field, varint(varint(nil, 1, protowire.EncodeZigZag(int64(s.GetOffset()))), 2, uint64(s.GetLength())))
	}
	var packed []byte
	for _, d := range deltas {
		packed = protowire.AppendVarint(packed, protowire.EncodeZigZag(d))
	}
	b = packedField(b, field+1, packed)
	packed = nil
	for _, c := range counts {
		packed = protowire.AppendFixed64(packed, math.Float64bits(c))
	}
	return packedField(b, field+2, packed)
}

func packedField(b []byte, field protowire.Number, packed []byte) []byte {
	if len(packed) == 0 {
		return b
	}
	return message(b, field, packed)
}

func label(name, value string) []byte {
	return message(message(nil, 1, []byte(name)), 2, []byte(strings.ToValidUTF8(value, "�")))
}

func message(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}

func varint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func double(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

// number writes a bound or a quantile as Prometheus 3 stores it: 1 is "1.0".
func number(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if math.IsInf(v, 0) || math.IsNaN(v) || strings.ContainsAny(text, ".e") {
		return text
	}
	return text + ".0"
}
