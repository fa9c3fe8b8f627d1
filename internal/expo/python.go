package expo

import (
	"io"
	"math"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/names"
)

// Python writes the text format as Python's prometheus_client does (prometheus_client/exposition.py
// and utils.py, release 0.25): numbers in Python's notation, le in alphabetical order among the
// labels, count before sum. To Prometheus, le="1.0" and le="1" are different series.
type Python struct {
	out     []byte
	to      io.Writer // receives the output in pieces; nil keeps it in out
	err     error     // of writing
	created bool

	// The present metric's labels: all of them in braces, and those before and after le.
	plain, before, after []byte
	bounds               map[float64]string // formatted bounds
}

// NewPython returns an encoder of Python's text with or without _created samples.
func NewPython(to io.Writer, created bool) *Python {
	return &Python{to: to, created: created}
}

// Write writes a family, even one without series.
func (p *Python) Write(f *dto.MetricFamily) {
	name, kind := plainName(f.GetName()), strings.ToLower(f.GetType().String())
	p.header(name, f.GetHelp(), kind)
	for _, m := range f.GetMetric() {
		p.metric(name, m)
		p.drain(flushAt)
	}
	if p.created {
		p.createdFamily(strings.TrimSuffix(name, "_total")+"_created", f)
	}
}

// drain writes the collected output if it has at least this size.
func (p *Python) drain(least int) {
	if p.to == nil || len(p.out) < least {
		return
	}
	if p.err == nil {
		_, p.err = p.to.Write(p.out)
	}
	p.out = p.out[:0]
}

// Flush writes the rest and returns the first write error.
func (p *Python) Flush() error {
	p.drain(1)
	return p.err
}

// plainName returns a name in the text format: with underscores for invalid characters.
func plainName(name string) string {
	if !names.Metric(name) {
		return model.EscapeName(name, model.UnderscoreEscaping)
	}
	return name
}

func (p *Python) header(name, help, kind string) {
	p.out = append(p.out, "# HELP "+name+" "+escapeHelp(names.Help(help), false)+"\n# TYPE "+name+" "+kind+"\n"...)
}

func (p *Python) metric(name string, m *dto.Metric) {
	p.render(m.GetLabel())
	switch {
	case m.Counter != nil:
		p.sample(name, "", m, m.Counter.GetValue())
	case m.Gauge != nil:
		p.sample(name, "", m, m.Gauge.GetValue())
	case m.Untyped != nil:
		p.sample(name, "", m, m.Untyped.GetValue())
	case m.Summary != nil:
		p.split(m.GetLabel(), "quantile")
		for _, q := range m.Summary.GetQuantile() {
			p.among(name, "", "quantile", q.GetQuantile(), m, q.GetValue())
		}
		p.sample(name, "_count", m, float64(m.Summary.GetSampleCount()))
		p.sample(name, "_sum", m, m.Summary.GetSampleSum())
	case m.Histogram != nil:
		p.split(m.GetLabel(), "le")
		p.Histogram(name, m)
	}
}

func (p *Python) Histogram(name string, m *dto.Metric) {
	h := m.Histogram
	infinite := false
	for _, b := range h.GetBucket() {
		p.among(name, "_bucket", "le", b.GetUpperBound(), m, float64(b.GetCumulativeCount()))
		infinite = math.IsInf(b.GetUpperBound(), 1)
	}
	if !infinite {
		p.among(name, "_bucket", "le", hist.Infinity, m, float64(h.GetSampleCount()))
	}
	p.sample(name, "_count", m, float64(h.GetSampleCount()))
	p.sample(name, "_sum", m, h.GetSampleSum())
}

// createdFamily writes the creation times, which are a gauge of their own in the text format.
func (p *Python) createdFamily(name string, f *dto.MetricFamily) {
	begun := len(p.out)
	p.header(name, f.GetHelp(), "gauge")
	empty := len(p.out)
	for _, m := range f.GetMetric() {
		if at := createdAt(m); at > 0 {
			p.render(m.GetLabel())
			p.sample(name, "", m, at)
		}
	}
	if len(p.out) == empty {
		p.out = p.out[:begun]
	}
}

// createdAt returns the creation time of a series in seconds since the epoch.
func createdAt(m *dto.Metric) float64 {
	for _, x := range []interface {
		GetCreatedTimestamp() *timestamppb.Timestamp
	}{m.Counter, m.Histogram, m.Summary} {
		if t := x.GetCreatedTimestamp(); t != nil {
			return float64(t.GetSeconds()) + float64(t.GetNanos())/1e9
		}
	}
	return 0
}

// render formats a metric's labels once for all its lines.
func (p *Python) render(pairs []*dto.LabelPair) {
	b := p.plain[:0]
	open := byte('{')
	for _, l := range pairs {
		b = append(b, open)
		open = ','
		b = append(append(append(b, plainName(l.GetName())...), '=', '"'), escapedValue(l)...)
		b = append(b, '"')
	}
	if len(pairs) > 0 {
		b = append(b, '}')
	}
	p.plain = b
}

// split formats the labels before and after a name.
func (p *Python) split(pairs []*dto.LabelPair, name string) {
	before, after := append(p.before[:0], '{'), p.after[:0]
	for _, l := range pairs {
		if l.GetName() < name {
			before = append(append(append(before, plainName(l.GetName())...), '=', '"'), escapedValue(l)...)
			before = append(before, '"', ',')
		} else {
			after = append(append(append(after, ','), plainName(l.GetName())...), '=', '"')
			after = append(append(after, escapedValue(l)...), '"')
		}
	}
	p.before, p.after = before, append(after, '}')
}

// escapedValue returns a label's value in the text format.
func escapedValue(l *dto.LabelPair) string {
	v := l.GetValue()
	if !strings.ContainsAny(v, "\\\"\n") {
		return v
	}
	return string(appendEscaped(nil, v))
}

// sample writes a line with the metric's own labels.
func (p *Python) sample(name, suffix string, m *dto.Metric, value float64) {
	p.out = append(append(append(p.out, name...), suffix...), p.plain...)
	p.value(m, value)
}

// among writes a line with an additional label.
func (p *Python) among(name, suffix, label string, bound float64, m *dto.Metric, value float64) {
	b := append(append(append(p.out, name...), suffix...), p.before...)
	b = append(append(append(b, label...), '=', '"'), p.bound(bound)...)
	p.out = append(append(b, '"'), p.after...)
	p.value(m, value)
}

func (p *Python) value(m *dto.Metric, value float64) {
	b := pythonFloat(append(p.out, ' '), value)
	if m.TimestampMs != nil {
		b = strconv.AppendInt(append(b, ' '), m.GetTimestampMs(), 10)
	}
	p.out = append(b, '\n')
}

// bound returns the text of a bound. There are few bounds, and each is in many lines.
func (p *Python) bound(f float64) string {
	text, ok := p.bounds[f]
	if !ok {
		if p.bounds == nil {
			p.bounds = map[float64]string{}
		}
		text = string(pythonFloat(nil, f))
		p.bounds[f] = text
	}
	return text
}

// pythonFloat writes a number as Python does: the shortest text that parses to the same number,
// with a decimal point. Positive numbers of more than six integer digits get an exponent.
func pythonFloat(b []byte, f float64) []byte {
	switch {
	case f > 0 && f < 1e6 && f == math.Trunc(f): // most are counts
		return append(strconv.AppendUint(b, uint64(f), 10), ".0"...)
	case math.IsInf(f, 1):
		return append(b, "+Inf"...)
	case math.IsInf(f, -1):
		return append(b, "-Inf"...)
	case math.IsNaN(f):
		return append(b, "NaN"...)
	}
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	digits, fraction, _ := strings.Cut(text, ".")
	if f > 0 && len(digits) > 6 {
		mantissa := strings.TrimRight(digits[:1]+"."+digits[1:]+fraction, "0.")
		exponent := strconv.Itoa(len(digits) - 1)
		return append(b, mantissa+"e+"+strings.Repeat("0", max(0, 2-len(exponent)))+exponent...)
	}
	if fraction == "" {
		text = digits + ".0"
	}
	return append(b, text...)
}
