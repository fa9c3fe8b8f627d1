package tacho

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// An encoder is a visitor that writes an exposition format into its buffer.
type encoder interface {
	visitor
	pending() *buffer
}

// A buffer collects output and hands it on when there is enough of it.
type buffer struct {
	bytes []byte
	out   func([]byte) error
	err   error // the first that out gave; then the rest is thrown away
}

// flushAt is how much is handed on at once.
const flushAt = 32 << 10

// drain hands on what there is, if there is enough of it.
func (b *buffer) drain(least int) {
	if len(b.bytes) < least {
		return
	}
	if b.err == nil {
		b.err = b.out(b.bytes)
	}
	b.bytes = b.bytes[:0]
}

// textEncoder writes the text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/) and OpenMetrics
// text 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/), just as
// client_golang's own encoders do.
type textEncoder struct {
	buffer
	openMetrics bool
	created     bool // _created samples, in OpenMetrics

	family *family
	labels []byte // of the present label set, without braces
	prefix []byte // of the present label set's bucket lines
	les    map[*hist.Bounds][]string
}

func (e *textEncoder) pending() *buffer { return &e.buffer }

func (e *textEncoder) begin(f *family) {
	e.family = f
	shown := f.name
	if e.openMetrics && f.Kind == schema.Counter {
		shown = strings.TrimSuffix(shown, "_total")
	}
	b := append(e.bytes, "# HELP "...)
	b = append(append(append(b, shown...), ' '), escapeHelp(f.Help, e.openMetrics)...)
	b = append(append(b, "\n# TYPE "...), shown...)
	b = append(append(append(b, ' '), f.Kind...), '\n')
	e.bytes = b
}

func (e *textEncoder) end() {}

func (e *textEncoder) number(v *values, n float64) {
	e.render(v)
	e.sample("", n)
	e.newline()
	if e.family.Kind == schema.Counter {
		e.createdSample(v)
	}
	e.drain(flushAt)
}

func (e *textEncoder) histogram(v *values, r *hist.Snapshot) {
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
	e.prefix = append(append(e.prefix[:0], e.family.name...), "_bucket{"...)
	if len(e.labels) > 0 {
		e.prefix = append(append(e.prefix, e.labels...), ',')
	}
	e.bucketLines(r, e.boundsText(r.Bounds))
}

// bucketLines are most of a scrape: the same prefix, a bound and a count, which
// often is that of the line before.
func (e *textEncoder) bucketLines(r *hist.Snapshot, les []string) {
	running, last, end := uint64(0), 0, 0 // where the last line's count stands
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
func (e *textEncoder) render(v *values) {
	b := e.labels[:0]
	for i := range e.family.labels {
		l := &e.family.labels[i]
		text, there := l.of(v)
		if !there {
			continue
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = append(append(b, l.name...), '=', '"')
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
	b := append(append(e.bytes, e.family.name...), suffix...)
	if len(e.labels) > 0 {
		b = append(append(append(b, '{'), e.labels...), '}')
	}
	e.bytes = append(b, ' ')
}

func (e *textEncoder) newline() { e.bytes = append(e.bytes, '\n') }

// createdSample writes when the label set was created, where that is wanted.
func (e *textEncoder) createdSample(v *values) {
	if !e.created || !e.openMetrics {
		return
	}
	b := append(e.bytes, strings.TrimSuffix(e.family.name, "_total")...)
	b = append(b, "_created"...)
	if len(e.labels) > 0 {
		b = append(append(append(b, '{'), e.labels...), '}')
	}
	e.bytes = e.float(append(b, ' '), float64(v.created)/1e9)
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
