package expo

import (
	"encoding/binary"
	"math"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// protoEncoder writes delimited protocol buffers of io.prometheus.client's MetricFamily
// (client_model's metrics.proto; the field numbers below are its). A message's length comes first,
// so each level has its own buffer.
type protoEncoder struct {
	Buffer
	family *Family
	all    []byte // the family so far
	metric []byte
	value  []byte // the counter, gauge or histogram
	small  []byte // its nested messages
	tiny   []byte
}

// Out implements Encoder.
func (e *protoEncoder) Out() *Buffer { return &e.Buffer }

// Wire types of protocol buffers.
const (
	wireVarint = 0
	wireFixed  = 1
	wireBytes  = 2
)

func tag(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

func appendVarint(b []byte, field int, n uint64) []byte {
	return binary.AppendUvarint(tag(b, field, wireVarint), n)
}

func appendZigzag(b []byte, field int, n int64) []byte {
	return binary.AppendVarint(tag(b, field, wireVarint), n)
}

func appendDouble(b []byte, field int, f float64) []byte {
	return binary.LittleEndian.AppendUint64(tag(b, field, wireFixed), math.Float64bits(f))
}

func appendBytes[T string | []byte](b []byte, field int, s T) []byte {
	return append(binary.AppendUvarint(tag(b, field, wireBytes), uint64(len(s))), s...)
}

// protoTypes are the numbers of MetricType.
var protoTypes = map[schema.Kind]uint64{schema.Counter: 0, schema.Gauge: 1, schema.Summary: 2, schema.Histogram: 4}

// Begin implements Visitor.
func (e *protoEncoder) Begin(f *Family) {
	e.family = f
	e.all = appendBytes(e.all[:0], 1, f.Name)
	e.all = appendBytes(e.all, 2, f.help)
	e.all = appendVarint(e.all, 3, protoTypes[f.Kind])
}

// End implements Visitor.
func (e *protoEncoder) End() {
	e.bytes = binary.AppendUvarint(e.bytes, uint64(len(e.all)))
	e.drain(1)
	e.bytes, e.all = e.all, e.bytes
	e.drain(1)
	e.bytes, e.all = e.all, e.bytes
}

// Number implements Visitor.
func (e *protoEncoder) Number(v *Values, n float64) {
	e.value = appendDouble(e.value[:0], 1, n)
	field := 2 // gauge
	if e.family.Kind == schema.Counter {
		field = 3
		e.value = e.timestamp(e.value, 3, v.Created)
	}
	e.add(v, field)
}

// Histogram implements Visitor.
func (e *protoEncoder) Histogram(v *Values, r *hist.Snapshot) {
	b := appendVarint(e.value[:0], 1, r.Count)
	b = appendDouble(b, 2, r.Sum)
	if e.family.Kind == schema.Summary {
		e.value = e.timestamp(b, 4, v.Created)
		e.add(v, 4)
		return
	}
	running := uint64(0)
	for i, n := range r.Buckets {
		running += n
		x := r.Exemplar(i)
		bound := hist.Infinity
		if i < len(r.Bounds.Upper) {
			bound = r.Bounds.Upper[i]
		} else if x == nil {
			break // +Inf is implied unless it carries an exemplar
		}
		bucket := appendVarint(e.small[:0], 1, running)
		bucket = appendDouble(bucket, 2, bound)
		if x != nil {
			bucket = e.exemplar(bucket, 3, x)
		}
		e.small = bucket
		b = appendBytes(b, 3, bucket)
	}
	b = e.native(b, r)
	e.value = e.timestamp(b, 15, v.Created)
	e.add(v, 7)
}

// native writes the native part of a histogram.
func (e *protoEncoder) native(b []byte, r *hist.Snapshot) []byte {
	if r.Native == nil {
		return b
	}
	b = appendZigzag(b, 5, int64(r.Native.Schema))
	b = appendDouble(b, 6, hist.ZeroThreshold)
	b = appendVarint(b, 7, r.Native.Zero)
	for _, s := range r.Native.Spans {
		span := appendZigzag(e.small[:0], 1, int64(s.Offset))
		span = appendVarint(span, 2, uint64(s.Length))
		e.small = span
		b = appendBytes(b, 12, span)
	}
	for _, d := range r.Native.Deltas {
		b = appendZigzag(b, 13, d)
	}
	for i := range r.Buckets {
		if x := r.Exemplar(i); x != nil {
			b = e.exemplar(b, 16, x)
		}
	}
	return b
}

// add appends a finished value to the family.
func (e *protoEncoder) add(v *Values, field int) {
	m := e.metric[:0]
	for i := range e.family.Labels {
		l := &e.family.Labels[i]
		if text, there := l.Of(v); there {
			m = e.label(m, 1, l.Name, text)
		}
	}
	e.metric = appendBytes(m, field, e.value)
	e.all = appendBytes(e.all, 4, e.metric)
}

func (e *protoEncoder) label(b []byte, field int, name, value string) []byte {
	length := 2 + uvarintLen(len(name)) + len(name) + uvarintLen(len(value)) + len(value)
	b = binary.AppendUvarint(tag(b, field, wireBytes), uint64(length))
	return appendBytes(appendBytes(b, 1, name), 2, value)
}

func uvarintLen(n int) int {
	if n < 1<<7 {
		return 1
	}
	return 2 // label names and values are far shorter than 2^14 bytes
}

func (e *protoEncoder) timestamp(b []byte, field int, ns int64) []byte {
	t := appendVarint(e.tiny[:0], 1, uint64(ns/1e9))
	if ns%1e9 != 0 {
		t = appendVarint(t, 2, uint64(ns%1e9))
	}
	e.tiny = t
	return appendBytes(b, field, t)
}

func (e *protoEncoder) exemplar(b []byte, field int, x *hist.Exemplar) []byte {
	var body []byte
	x.Labels(func(name, value string) { body = e.label(body, 1, name, value) })
	body = appendDouble(body, 2, x.Seconds)
	return appendBytes(b, field, e.timestamp(body, 3, x.At))
}
