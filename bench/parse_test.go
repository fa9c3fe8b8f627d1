package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

// This test is in this module because Prometheus's parsers are a heavy dependency, which the
// library's module must not have.

// A parsed scrape: every sample by its labels, with its exemplars and native histograms.
type parsed struct {
	samples   map[string]float64
	exemplars map[string]string
	native    map[string]*histogram.Histogram
}

var parsedFormats = map[string]string{
	"text":        "text/plain;version=0.0.4",
	"OpenMetrics": "application/openmetrics-text;version=1.0.0",
	"protobuf":    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
}

// FuzzPrometheusReads writes random states in every format, and compares each value that
// Prometheus's own parser reads.
func FuzzPrometheusReads(f *testing.F) {
	f.Add([]byte(""), "/users/{id}")
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x10\x00 some more requests than one, of many kinds"), "a\"b\\c\nd\xff")
	f.Add([]byte(strings.Repeat("\x7f\x02\xff\x00\x01\x99\x31\xfe\x03", 60)), strings.Repeat("ä", 300))
	f.Fuzz(func(t *testing.T, data []byte, route string) {
		m := randomState(data, route)
		want := expected(t, m)
		for name, accept := range parsedFormats {
			got := parse(t, m, accept)
			compare(t, name, got, want)
		}
	})
}

// randomState records requests encoded in data: eight bytes each.
func randomState(data []byte, route string) *tacho.Meter {
	id := ""
	m := tacho.MustNew(tacho.Options{
		OmitRuntime: true, NativeHistograms: true, SeriesLimit: 200,
		TraceFunc: func(context.Context) (string, string) { return id, "00f067aa0ba902b7" },
	})
	rec := adapter.Of(m)
	var x adapter.Exchange
	for i := 0; len(data) >= 8 && i < 500; i, data = i+1, data[8:] {
		word := binary.LittleEndian.Uint64(data)
		rec.Begin(&x, []string{"GET", "POST", "FOO"}[word%3], "/")
		backdate(&x, time.Duration(word>>(20+word%40)))
		if word%16 == 0 {
			x.Flushed("text/event-stream")
		}
		if id = ""; word%5 == 0 {
			id = fmt.Sprintf("%016x", word)
		}
		x.SetBytesIn(int64(word >> 40))
		x.SetBytesOut(int64(word >> (word % 64)))
		x.Settle(context.Background(), 200+int(word>>8%4)%400, nil)
		x.CopyTemplate(route[:int(word>>4)%(len(route)+1)])
		rec.End(&x)
	}
	return m
}

// expected returns the state in client_golang's data model.
func expected(t *testing.T, m *tacho.Meter) parsed {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	p := parsed{map[string]float64{}, map[string]string{}, map[string]*histogram.Histogram{}}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			p.add(f.GetName(), x)
		}
	}
	return p
}

func (p parsed) add(name string, m *dto.Metric) {
	key := func(suffix, le string) string {
		b := labels.NewScratchBuilder(8)
		b.Add("__name__", name+suffix)
		for _, l := range m.GetLabel() {
			b.Add(l.GetName(), l.GetValue())
		}
		if le != "" {
			b.Add("le", le)
		}
		b.Sort()
		return b.Labels().String()
	}
	switch {
	case m.Counter != nil:
		p.samples[key("", "")] = m.Counter.GetValue()
	case m.Gauge != nil:
		p.samples[key("", "")] = m.Gauge.GetValue()
	case m.Histogram != nil:
		h := m.Histogram
		p.samples[key("_count", "")] = float64(h.GetSampleCount())
		p.samples[key("_sum", "")] = h.GetSampleSum()
		p.samples[key("_bucket", "+Inf")] = float64(h.GetSampleCount())
		for _, b := range h.GetBucket() {
			le := labels.FormatOpenMetricsFloat(b.GetUpperBound())
			p.samples[key("_bucket", le)] = float64(b.GetCumulativeCount())
			if e := b.GetExemplar(); e != nil {
				p.exemplars[key("_bucket", le)] = fmt.Sprint(e.GetLabel()[1].GetValue(), e.GetValue())
			}
		}
		if h.Schema != nil {
			p.native[key("", "")] = nativeOf(h)
		}
	}
}

func nativeOf(h *dto.Histogram) *histogram.Histogram {
	out := &histogram.Histogram{
		Schema: h.GetSchema(), ZeroThreshold: h.GetZeroThreshold(), ZeroCount: h.GetZeroCount(),
		Count: h.GetSampleCount(), Sum: h.GetSampleSum(), PositiveBuckets: h.GetPositiveDelta(),
	}
	for _, s := range h.GetPositiveSpan() {
		out.PositiveSpans = append(out.PositiveSpans, histogram.Span{Offset: s.GetOffset(), Length: s.GetLength()})
	}
	return out
}

// parse scrapes the Meter and reads the response as Prometheus does.
func parse(t *testing.T, m *tacho.Meter, accept string) parsed {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, r)
	parser, err := textparse.New(w.Body.Bytes(), w.Header().Get("Content-Type"), labels.NewSymbolTable(),
		textparse.ParserOptions{KeepClassicOnClassicAndNativeHistograms: true})
	if err != nil {
		t.Fatal(err)
	}
	p := parsed{map[string]float64{}, map[string]string{}, map[string]*histogram.Histogram{}}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return p
		}
		if err != nil {
			t.Fatalf("%s: %v\n%.2000s", accept, err, w.Body)
		}
		p.take(parser, entry)
	}
}

func (p parsed) take(parser textparse.Parser, entry textparse.Entry) {
	var l labels.Labels
	switch entry {
	case textparse.EntrySeries:
		_, _, value := parser.Series()
		parser.Labels(&l)
		p.samples[normalized(l)] = value
		var e exemplar.Exemplar
		if parser.Exemplar(&e) && strings.HasSuffix(l.Get("__name__"), "_bucket") {
			p.exemplars[normalized(l)] = fmt.Sprint(e.Labels.Get("trace_id"), e.Value)
		}
	case textparse.EntryHistogram:
		_, _, h, _ := parser.Histogram()
		parser.Labels(&l)
		p.native[normalized(l)] = h
	}
}

// normalized writes le as OpenMetrics does in any format: 1.0 and 1 are the same bound, as in
// Prometheus 3.
func normalized(l labels.Labels) string {
	if le := l.Get("le"); le != "" {
		b := labels.NewBuilder(l)
		b.Set("le", labels.FormatOpenMetricsFloat(mustFloat(le)))
		l = b.Labels()
	}
	return l.String()
}

func mustFloat(s string) float64 {
	var f float64
	if s == "+Inf" {
		return math.Inf(1)
	}
	if _, err := fmt.Sscan(s, &f); err != nil {
		panic(err)
	}
	return f
}

// compare compares the parsed values with the recorded ones. The text format has neither
// exemplars nor native histograms, OpenMetrics no native ones.
func compare(t *testing.T, format string, got, want parsed) {
	t.Helper()
	if len(got.samples) != len(want.samples) {
		t.Errorf("%s: %d samples, want %d", format, len(got.samples), len(want.samples))
	}
	for k, v := range want.samples {
		if g, ok := got.samples[k]; !ok || g != v {
			t.Errorf("%s: %s is %v (there: %v), want %v", format, k, g, ok, v)
		}
	}
	if format != "text" {
		for k, v := range want.exemplars {
			if got.exemplars[k] != v {
				t.Errorf("%s: the exemplar of %s is %s, want %s", format, k, got.exemplars[k], v)
			}
		}
	}
	if format != "protobuf" {
		return
	}
	for k, v := range want.native {
		h := got.native[k]
		if h == nil || h.Validate() != nil || !h.Compact(0).Equals(v.Compact(0)) {
			t.Errorf("the native histogram of %s is %v (%v), want %v", k, h, h.Validate(), v)
		}
	}
}
