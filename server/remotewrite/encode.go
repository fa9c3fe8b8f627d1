package remotewrite

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/util/compression"
	"google.golang.org/protobuf/encoding/protowire"
)

// A request is an encoded request.
type request struct {
	body    []byte // compressed; valid until the next request of its encoder
	n       counts
	old     counts // too old to be sent
	lonely  int    // exemplars that remote write 2.0 cannot send
	oldest  int64  // time of the oldest sample
	highest int64
	again   bool // it may have been sent before a restart
}

// An encoder encodes requests of one lane. Its buffers are reused.
type encoder struct {
	v2         bool
	plain      []byte
	series     []byte // of one prompb.TimeSeries
	compressed compression.EncodeBuffer
	symbols    writev2.SymbolsTable
	message    writev2.Request
}

func newEncoder(v2 bool) *encoder {
	return &encoder{v2: v2, compressed: compression.NewSyncEncodeBuffer(), symbols: writev2.NewSymbolTable()}
}

// encode encodes what is not older than a time.
func (e *encoder) encode(all []piece, notBefore int64) (r request, err error) {
	r.oldest = math.MaxInt64
	e.plain = e.plain[:0]
	if e.v2 {
		e.symbols.Reset()
		e.message.Timeseries = e.message.Timeseries[:0]
	}
	for _, p := range all {
		p = r.without(p, notBefore)
		if e.v2 && p.size() == len(p.exemplars) {
			r.lonely += len(p.exemplars)
			continue
		}
		if p.size() == 0 {
			continue
		}
		r.count(p)
		if e.v2 {
			e.addV2(p)
		} else {
			e.addV1(p)
		}
	}
	if e.v2 {
		e.message.Symbols = e.symbols.Symbols()
		if e.plain, err = e.message.OptimizedMarshal(e.plain); err != nil {
			return r, err
		}
	}
	r.body, err = compression.Encode(compression.Snappy, e.plain, e.compressed)
	return r, err
}

// without removes what is older than a time. Within a series, that is the beginning.
func (r *request) without(p piece, notBefore int64) piece {
	for len(p.samples) > 0 && p.samples[0].T < notBefore {
		p.samples = p.samples[1:]
		r.old[samples]++
	}
	for len(p.histograms) > 0 && p.histograms[0].t < notBefore {
		p.histograms = p.histograms[1:]
		r.old[histograms]++
	}
	for len(p.exemplars) > 0 && p.exemplars[0].T < notBefore {
		p.exemplars = p.exemplars[1:]
		r.old[exemplars]++
	}
	return p
}

func (r *request) count(p piece) {
	r.n[samples] += len(p.samples)
	r.n[histograms] += len(p.histograms)
	r.n[exemplars] += len(p.exemplars)
	for _, s := range p.samples {
		r.oldest, r.highest = min(r.oldest, s.T), max(r.highest, s.T)
	}
	for _, h := range p.histograms {
		r.oldest, r.highest = min(r.oldest, h.t), max(r.highest, h.t)
	}
}

// addV1 appends a prompb.TimeSeries (field 1 of a prompb.WriteRequest). The labels of a series
// are encoded once and not for each request, which halves the processor time of encoding.
func (e *encoder) addV1(p piece) {
	b := append(e.series[:0], p.series.encoded...)
	for _, s := range p.samples {
		b = appendSample(b, s)
	}
	for _, x := range p.exemplars {
		b = appendMessage(b, 3, &prompb.Exemplar{Labels: prompb.FromLabels(x.Labels, nil), Value: x.V, Timestamp: x.T})
	}
	for _, h := range p.histograms {
		var m prompb.Histogram
		if h.integers != nil {
			m = prompb.FromIntHistogram(h.t, h.integers)
		} else {
			m = prompb.FromFloatHistogram(h.t, h.floats)
		}
		b = appendMessage(b, 4, &m)
	}
	e.series = b
	e.plain = protowire.AppendTag(e.plain, 1, protowire.BytesType)
	e.plain = protowire.AppendBytes(e.plain, b)
}

// appendSample appends a prompb.Sample as field 2. Zero values are omitted, as usual.
func appendSample(b []byte, s record.RefSample) []byte {
	bits := math.Float64bits(s.V)
	size := 0
	if bits != 0 {
		size += 1 + 8
	}
	if s.T != 0 {
		size += 1 + protowire.SizeVarint(uint64(s.T))
	}
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	if bits != 0 {
		b = protowire.AppendTag(b, 1, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, bits)
	}
	if s.T != 0 {
		b = protowire.AppendTag(b, 2, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(s.T))
	}
	return b
}

// appendMessage appends a message as a field.
func appendMessage(b []byte, field protowire.Number, m interface {
	Size() int
	MarshalToSizedBuffer([]byte) (int, error)
}) []byte {
	size := m.Size()
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = append(b, make([]byte, size)...)
	if _, err := m.MarshalToSizedBuffer(b[len(b)-size:]); err != nil {
		panic("remotewrite: " + err.Error()) // only a string that is not UTF-8 could fail, and gogo does not check
	}
	return b
}

// addV2 appends a series to the request.
func (e *encoder) addV2(p piece) {
	m := e.nextV2()
	m.LabelsRefs = e.symbols.SymbolizeLabels(p.series.labels, m.LabelsRefs)
	for _, s := range p.samples {
		m.Samples = append(m.Samples, writev2.Sample{Value: s.V, Timestamp: s.T, StartTimestamp: s.ST})
	}
	for _, x := range p.exemplars {
		m.Exemplars = append(m.Exemplars, writev2.Exemplar{LabelsRefs: e.refs(x.Labels), Value: x.V, Timestamp: x.T})
	}
	for _, h := range p.histograms {
		if h.integers != nil {
			m.Histograms = append(m.Histograms, writev2.FromIntHistogram(h.st, h.t, h.integers))
		} else {
			m.Histograms = append(m.Histograms, writev2.FromFloatHistogram(h.st, h.t, h.floats))
		}
	}
}

func (e *encoder) refs(l labels.Labels) []uint32 { return e.symbols.SymbolizeLabels(l, nil) }

// nextV2 returns an empty series at the end of the request, with the memory of an earlier one.
func (e *encoder) nextV2() *writev2.TimeSeries {
	all := &e.message.Timeseries
	if n := len(*all); n < cap(*all) {
		*all = (*all)[:n+1]
	} else {
		*all = append(*all, writev2.TimeSeries{})
	}
	m := &(*all)[len(*all)-1]
	*m = writev2.TimeSeries{LabelsRefs: m.LabelsRefs[:0], Samples: m.Samples[:0], Histograms: m.Histograms[:0], Exemplars: m.Exemplars[:0]}
	return m
}
