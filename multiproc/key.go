package multiproc

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
)

// A key is an entry's key, read.
type key struct {
	metric, sample, help string
	labels               []label // sorted by name, without le, and with the constant ones
	bound                float64 // of a bucket
	bucket               bool

	given []label // the labels as they stand there, without le
	set   hash    // tells the label sets of a metric apart
}

// parseKey reads the JSON [metric, sample, {label: value}, help]. Names that are
// none in the text format get underscores, as Python's client has them there,
// unless they are to be kept. The text may be overwritten afterwards: who keeps a part of
// the key has to copy it, but for its labels. The key before it often is another bucket of the
// same histogram: they share their labels.
func (m *merged) parseKey(text string) (key, Reason) {
	k, labels, ok := quickKey(text, m.labels[:0])
	m.labels = labels[:0]
	if !ok {
		if k, labels, ok = anyKey(text); !ok {
			return key{}, BadKey
		}
	}
	if k.metric == "" || k.sample == "" {
		return key{}, BadName
	}
	name := escapeName
	if m.utf8 {
		name = strings.Clone
	}
	k.metric, k.sample = name(k.metric), name(k.sample)
	if m.utf8 && (!m.goodName(k.metric) || !m.goodName(k.sample)) {
		return key{}, BadName
	}
	return k, m.setLabels(&k, labels, name)
}

// is reports whether the sample is the metric's with this ending.
func (k *key) is(ending string) bool {
	rest, ok := strings.CutPrefix(k.sample, k.metric)
	return ok && rest == ending
}

// quickKey reads a key that is written as clients write them. Its labels are put into a
// slice that there is.
func quickKey(text string, into []label) (k key, labels []label, ok bool) {
	labels = into
	p := parser{rest: text}
	p.literal("[")
	k.metric = p.text()
	p.literal(", ")
	k.sample = p.text()
	p.literal(", {")
	for !p.failed && !p.try("}") {
		if len(labels) > 0 {
			p.literal(", ")
		}
		name := p.text()
		p.literal(": ")
		labels = append(labels, label{name, p.text()})
	}
	p.literal(", ")
	k.help = p.text()
	p.literal("]")
	return k, labels, !p.failed && p.rest == ""
}

// anyKey reads any other JSON of that shape.
func anyKey(text string) (k key, labels []label, ok bool) {
	var parts []json.RawMessage
	if json.Unmarshal([]byte(text), &parts) != nil || len(parts) < 3 || len(parts) > 4 {
		return key{}, nil, false
	}
	var values map[string]any
	for i, into := range []any{&k.metric, &k.sample, &values, &k.help} {
		if i < len(parts) && json.Unmarshal(parts[i], into) != nil {
			return key{}, nil, false
		}
	}
	for name, value := range values {
		labels = append(labels, label{name, labelText(value)})
	}
	return k, labels, true
}

// A parser reads what stands at the beginning of a text.
type parser struct {
	rest   string
	failed bool
}

func (p *parser) try(literal string) bool {
	rest, ok := strings.CutPrefix(p.rest, literal)
	p.rest = rest
	return ok
}

func (p *parser) literal(s string) { p.failed = p.failed || !p.try(s) }

// text reads a string. Those without escapes, nearly all, are not copied.
func (p *parser) text() string {
	if p.failed || !p.try(`"`) {
		p.failed = true
		return ""
	}
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			s := p.rest[:i]
			p.rest = p.rest[i+1:]
			return s
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return p.escaped()
		}
	}
	p.failed = true
	return ""
}

// escaped reads a string that needs more care, and whose first quote has been
// read.
func (p *parser) escaped() (s string) {
	end := 0
	for end < len(p.rest) && p.rest[end] != '"' {
		if p.rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.rest) || json.Unmarshal([]byte(`"`+p.rest[:end+1]), &s) != nil {
		p.failed = true
		return ""
	}
	p.rest = p.rest[end+1:]
	return s
}

func escapeName(name string) string { return model.EscapeName(name, model.UnderscoreEscaping) }

func (m *merged) setLabels(k *key, labels []label, rename func(string) string) Reason {
	if i := slices.IndexFunc(labels, func(l label) bool { return l.name == "le" }); i >= 0 {
		bound, err := strconv.ParseFloat(labels[i].value, 64)
		if err != nil || math.IsNaN(bound) {
			return BadBound
		}
		k.bucket, k.bound = true, bound
		labels = slices.Delete(labels, i, i+1)
	}
	if before := &m.last; before.given != nil && slices.Equal(labels, before.given) {
		k.labels, k.given, k.set = before.labels, before.given, before.set
		return ""
	}
	k.given, k.labels = m.keepGiven(labels), m.last.labels[:0]
	m.last = key{} // its memory is this one's
	for _, l := range k.given {
		name := rename(l.name)
		if !m.goodLabel(name) || name == "le" || named(k.labels, name) {
			return BadName
		}
		k.labels = append(k.labels, label{name, l.value})
	}
	k.labels = withConsts(k.labels, m.consts)
	slices.SortFunc(k.labels, compareLabel)
	m.scratch = m.scratch[:0]
	for _, l := range k.labels {
		m.scratch = append(append(append(append(m.scratch, l.name...), 0xfe), l.value...), 0xff)
	}
	k.set = m.hasher.of(m.scratch)
	return ""
}

// keepGiven copies labels to where the last ones were.
func (m *merged) keepGiven(labels []label) []label {
	given, text := m.last.given[:0], m.lastText[:0]
	for _, l := range labels {
		text = append(append(text, l.name...), l.value...)
	}
	m.lastText = text
	for _, l := range labels {
		name := stringOf(text[:len(l.name)])
		text = text[len(l.name):]
		given = append(given, label{name, stringOf(text[:len(l.value)])})
		text = text[len(l.value):]
	}
	if given == nil {
		given = []label{}
	}
	return given
}

// labelText is a label's value. Anything but a string is no client's work; its
// text is better than nothing.
func labelText(value any) string {
	if value == nil {
		return "None"
	}
	return fmt.Sprint(value)
}
