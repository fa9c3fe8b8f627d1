package expo

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// textEncoder writes the text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/) and OpenMetrics
// text 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), just as
// client_golang's own encoders do.
type textEncoder struct {
	Buffer
	openMetrics bool
	created     bool // _created samples, in OpenMetrics

	family *Family
	labels []byte // of the present label set, without braces
	prefix []byte // of the present label set's bucket lines
	les    map[*hist.Bounds][]string
}

// Out implements Encoder.
func (e *textEncoder) Out() *Buffer { return &e.Buffer }

// Begin implements Visitor.
func (e *textEncoder) Begin(f *Family) {
	e.family = f
	shown := f.Name
	if e.openMetrics && f.Kind == schema.Counter {
		shown = strings.TrimSuffix(shown, "_total")
	}
	b := append(e.bytes, "# HELP "...)
	b = append(append(append(b, shown...), ' '), escapeHelp(f.help, e.openMetrics)...)
	b = append(append(b, "\n# TYPE "...), shown...)
	b = append(append(append(b, ' '), f.Kind...), '\n')
	e.bytes = b
}

// End implements Visitor.
func (e *textEncoder) End() {}

// Number implements Visitor.
func (e *textEncoder) Number(v *Values, n float64) {
	e.render(v)
	e.sample("", n)
	e.newline()
	if e.family.Kind == schema.Counter {
		e.createdSample(v)
	}
	e.drain(flushAt)
}

// Histogram implements Visitor.
func (e *textEncoder) Histogram(v *Values, r *hist.Snapshot) {
	e.render(v)
	if e.family.Kind == schema.Histogram {
		e.buckets(r)
	}
	e.sample("_sum", r.Sum)
	e.newline()
	e.named("_count")
	e.bytes = e.count(e.bytes, r.Count)
	e.newline()
	e.createdSample(v)
	e.drain(flushAt)
}

func (e *textEncoder) buckets(r *hist.Snapshot) {
	e.prefix = append(append(e.prefix[:0], e.family.Name...), "_bucket{"...)
	if len(e.labels) > 0 {
		e.prefix = append(append(e.prefix, e.labels...), ',')
	}
	e.bucketLines(r, e.boundsText(r.Bounds))
}

// bucketLines are most of a scrape: the same prefix, a bound and a count, which
// often is that of the line before.
func (e *textEncoder) bucketLines(r *hist.Snapshot, les []string) {
	running, last, end := uint64(0), 0, 0 // position of the last line's count
	for i, n := range r.Buckets {
		running += n
		b := append(append(e.bytes, e.prefix...), les[i]...)
		from := len(b)
		if n == 0 && end > 0 {
			b = append(b, b[last:end]...)
		} else {
			b = e.count(b, running)
		}
		last, end = from, len(b)
		if x := r.Exemplar(i); x != nil && e.openMetrics {
			b = e.exemplar(b, x)
		}
		e.bytes = append(b, '\n')
	}
}

// boundsText are the ends of bucket lines up to their value.
func (e *textEncoder) boundsText(l *hist.Bounds) []string {
	if texts, ok := e.les[l]; ok {
		return texts
	}
	if e.les == nil {
		e.les = map[*hist.Bounds][]string{}
	}
	var texts []string
	for _, b := range append(l.Upper[:len(l.Upper):len(l.Upper)], hist.Infinity) {
		texts = append(texts, `le="`+string(e.float(nil, b))+`"} `)
	}
	e.les[l] = texts
	return texts
}

// render writes the label set's labels once for all its lines.
func (e *textEncoder) render(v *Values) {
	b := e.labels[:0]
	for i := range e.family.Labels {
		l := &e.family.Labels[i]
		text, there := l.Of(v)
		if !there {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(append(b, l.Name...), '=', '"')
		b = append(appendEscaped(b, text), '"')
	}
	e.labels = b
}

// sample writes a line up to its value.
func (e *textEncoder) sample(suffix string, n float64) {
	e.named(suffix)
	e.bytes = e.float(e.bytes, n)
}

// named writes a line up to the space before its value.
func (e *textEncoder) named(suffix string) {
	b := append(append(e.bytes, e.family.Name...), suffix...)
	if len(e.labels) > 0 {
		b = append(append(append(b, '{'), e.labels...), '}')
	}
	e.bytes = append(b, ' ')
}

func (e *textEncoder) newline() { e.bytes = append(e.bytes, '\n') }

// createdSample writes when the label set was created, where that is wanted.
func (e *textEncoder) createdSample(v *Values) {
	if !e.created || !e.openMetrics {
		return
	}
	b := append(e.bytes, strings.TrimSuffix(e.family.Name, "_total")...)
	b = append(b, "_created"...)
	if len(e.labels) > 0 {
		b = append(append(append(b, '{'), e.labels...), '}')
	}
	e.bytes = e.float(append(b, ' '), float64(v.Created)/1e9)
	e.newline()
}

func (e *textEncoder) exemplar(b []byte, x *hist.Exemplar) []byte {
	b = append(b, " # {"...)
	x.Labels(func(name, value string) {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(append(b, name...), '=', '"')
		b = append(appendEscaped(b, value), '"')
	})
	b = e.float(append(b, '}', ' '), x.Seconds)
	return e.float(append(b, ' '), float64(x.At)/1e9)
}

// count writes a bucket's count: a float in the text format, an integer in
// OpenMetrics. The two differ from a million on.
func (e *textEncoder) count(b []byte, n uint64) []byte {
	if e.openMetrics || n < 1_000_000 {
		return strconv.AppendUint(b, n, 10)
	}
	return e.float(b, float64(n))
}

func (e *textEncoder) float(b []byte, f float64) []byte {
	switch {
	case f >= 0 && f < 1_000_000 && f == math.Trunc(f):
		b = strconv.AppendUint(b, uint64(f), 10)
	case math.IsInf(f, 1):
		return append(b, "+Inf"...)
	default:
		start := len(b)
		b = strconv.AppendFloat(b, f, 'g', -1, 64)
		if bytes.ContainsAny(b[start:], "e.N") {
			return b
		}
	}
	if e.openMetrics {
		b = append(b, ".0"...)
	}
	return b
}

// appendEscaped writes a label value with what both formats escape in it.
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\', '"':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return b
}

var (
	helpEscapes            = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	helpEscapesOpenMetrics = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

func escapeHelp(help string, openMetrics bool) string {
	if openMetrics {
		return helpEscapesOpenMetrics.Replace(help)
	}
	return helpEscapes.Replace(help)
}
