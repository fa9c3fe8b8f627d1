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

// A key is the parsed key of an entry.
type key struct {
	metric, sample, help string
	labels               []label // sorted by name, with the constant ones, without le
	bound                float64 // of a bucket
	bucket               bool

	rawLabels  []label // as in the file, without le
	labelsHash hash    // identifies the label sets of a metric
}

// parseKey reads the JSON [metric, sample, {label: value}, help]. Unless UTF-8 names are
// allowed, invalid characters in names become underscores, as in Python's client. The text may
// be overwritten afterwards: copy any part of the key except its labels. Often the previous key
// is another bucket of the same histogram; then both share their labels.
func (m *merged) parseKey(text string) (key, Reason) {
	k, labels, ok := parseUsualKey(text, m.labels[:0])
	m.labels = labels[:0]
	if !ok {
		if k, labels, ok = parseJSONKey(text); !ok {
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
	if m.utf8 && (!m.isValidName(k.metric) || !m.isValidName(k.sample)) {
		return key{}, BadName
	}
	return k, m.setLabels(&k, labels, name)
}

// hasSuffix reports whether the sample is the metric's name plus an ending.
func (k *key) hasSuffix(ending string) bool {
	rest, ok := strings.CutPrefix(k.sample, k.metric)
	return ok && rest == ending
}

// parseUsualKey reads a key in the form that clients write. It appends the labels to into.
func parseUsualKey(text string, into []label) (k key, labels []label, ok bool) {
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

// parseJSONKey reads any other JSON of that shape.
func parseJSONKey(text string) (k key, labels []label, ok bool) {
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

// A parser consumes a text from its start.
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

// text reads a string. One without escapes, which is nearly every one, is not copied.
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

// escaped reads a string with escapes, after its first quote.
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
	if before := &m.lastKey; before.rawLabels != nil && slices.Equal(labels, before.rawLabels) {
		k.labels, k.rawLabels, k.labelsHash = before.labels, before.rawLabels, before.labelsHash
		return ""
	}
	k.rawLabels, k.labels = m.copyRawLabels(labels), m.lastKey.labels[:0]
	m.lastKey = key{} // its memory is reused here
	for _, l := range k.rawLabels {
		name := rename(l.name)
		if !m.isValidLabel(name) || name == "le" || hasLabel(k.labels, name) {
			return BadName
		}
		k.labels = append(k.labels, label{name, l.value})
	}
	k.labels = addConsts(k.labels, m.consts)
	slices.SortFunc(k.labels, compareLabel)
	m.scratch = m.scratch[:0]
	for _, l := range k.labels {
		m.scratch = append(append(append(append(m.scratch, l.name...), 0xfe), l.value...), 0xff)
	}
	k.labelsHash = m.hasher.of(m.scratch)
	return ""
}

// copyRawLabels copies labels to the memory of the previous ones.
func (m *merged) copyRawLabels(labels []label) []label {
	given, text := m.lastKey.rawLabels[:0], m.lastKeyText[:0]
	for _, l := range labels {
		text = append(append(text, l.name...), l.value...)
	}
	m.lastKeyText = text
	for _, l := range labels {
		name := unsafeString(text[:len(l.name)])
		text = text[len(l.name):]
		given = append(given, label{name, unsafeString(text[:len(l.value)])})
		text = text[len(l.value):]
	}
	if given == nil {
		given = []label{}
	}
	return given
}

// labelText returns a label's value as text. Clients write strings only.
func labelText(value any) string {
	if value == nil {
		return "None"
	}
	return fmt.Sprint(value)
}
