package tacho

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// pythonText writes the text format as Python's prometheus_client does
// (prometheus_client/exposition.py and utils.py, release 0.25): the same numbers
// in other digits, le among the other labels in the order of their names, count
// before sum. For Prometheus le="1.0" is another series than le="1".
type pythonText struct {
	out     []byte
	created bool
}

// write appends a family, also one that has no series.
func (p *pythonText) write(f *dto.MetricFamily) {
	name, kind := f.GetName(), strings.ToLower(f.GetType().String())
	p.header(name, f.GetHelp(), kind)
	for _, m := range f.GetMetric() {
		p.metric(name, m)
	}
	if p.created {
		p.createdFamily(strings.TrimSuffix(name, "_total")+"_created", f)
	}
}

func (p *pythonText) header(name, help, kind string) {
	p.out = append(p.out, "# HELP "+name+" "+escapeHelp(help, false)+"\n# TYPE "+name+" "+kind+"\n"...)
}

func (p *pythonText) metric(name string, m *dto.Metric) {
	switch {
	case m.Counter != nil:
		p.sample(name, m, "", 0, m.Counter.GetValue())
	case m.Gauge != nil:
		p.sample(name, m, "", 0, m.Gauge.GetValue())
	case m.Untyped != nil:
		p.sample(name, m, "", 0, m.Untyped.GetValue())
	case m.Summary != nil:
		for _, q := range m.Summary.GetQuantile() {
			p.sample(name, m, "quantile", q.GetQuantile(), q.GetValue())
		}
		p.sample(name+"_count", m, "", 0, float64(m.Summary.GetSampleCount()))
		p.sample(name+"_sum", m, "", 0, m.Summary.GetSampleSum())
	case m.Histogram != nil:
		p.histogram(name, m)
	}
}

func (p *pythonText) histogram(name string, m *dto.Metric) {
	h := m.Histogram
	infinite := false
	for _, b := range h.GetBucket() {
		p.sample(name+"_bucket", m, "le", b.GetUpperBound(), float64(b.GetCumulativeCount()))
		infinite = math.IsInf(b.GetUpperBound(), 1)
	}
	if !infinite {
		p.sample(name+"_bucket", m, "le", infinity, float64(h.GetSampleCount()))
	}
	p.sample(name+"_count", m, "", 0, float64(h.GetSampleCount()))
	p.sample(name+"_sum", m, "", 0, h.GetSampleSum())
}

// createdFamily is a gauge of its own in the text format.
func (p *pythonText) createdFamily(name string, f *dto.MetricFamily) {
	begun := len(p.out)
	p.header(name, f.GetHelp(), "gauge")
	empty := len(p.out)
	for _, m := range f.GetMetric() {
		if at := createdAt(m); at > 0 {
			p.sample(name, m, "", 0, at)
		}
	}
	if len(p.out) == empty {
		p.out = p.out[:begun]
	}
}

// createdAt is when a series was created, in seconds since the epoch.
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

// sample writes a line. The extra label, le or quantile, stands where its name
// belongs.
func (p *pythonText) sample(name string, m *dto.Metric, extra string, bound, value float64) {
	b := append(p.out, name...)
	open := byte('{')
	label := func(name string, value func([]byte) []byte) {
		b = append(append(append(b, open), name...), '=', '"')
		b = append(value(b), '"')
		open = ','
	}
	pairs := m.GetLabel()
	at := len(pairs)
	if extra != "" {
		at, _ = slices.BinarySearchFunc(pairs, extra, func(l *dto.LabelPair, name string) int { return strings.Compare(l.GetName(), name) })
	}
	for i := range len(pairs) + 1 {
		if i == at && extra != "" {
			label(extra, func(b []byte) []byte { return pythonFloat(b, bound) })
		}
		if i < len(pairs) {
			label(pairs[i].GetName(), func(b []byte) []byte { return appendEscaped(b, pairs[i].GetValue()) })
		}
	}
	if open == ',' {
		b = append(b, '}')
	}
	b = pythonFloat(append(b, ' '), value)
	if m.TimestampMs != nil {
		b = strconv.AppendInt(append(b, ' '), m.GetTimestampMs(), 10)
	}
	p.out = append(b, '\n')
}

// pythonFloat writes a number as Python does: the shortest text that reads back
// as the same number, with a decimal point, but positive ones of more than six
// integer digits with an exponent.
func pythonFloat(b []byte, f float64) []byte {
	switch {
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

// writePython writes everything in Python's format. HTTP families are there
// from the beginning, as in Python.
func (e *endpoint) writePython(out io.Writer, families []*dto.MetricFamily, own bool) error {
	p := pythonText{created: e.meter.opts.CreatedSamples}
	if own {
		families = append(slices.Clone(families), e.meter.families.gather(e.meter)...)
	}
	for _, f := range e.meter.families.budgeted {
		there := func(other *dto.MetricFamily) bool { return other.GetName() == f.name }
		if !slices.ContainsFunc(families, there) {
			families = append(families, emptyFamily(f))
		}
	}
	sortFamilies(families)
	for _, f := range families {
		p.write(f)
	}
	_, err := out.Write(p.out)
	return err
}
