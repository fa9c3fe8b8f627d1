package tachotest

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A selector selects samples.
type selector struct {
	name   string
	labels []label // sorted by name
	open   bool    // the samples may have further labels
}

func (s selector) String() string {
	if !s.open && len(s.labels) == 0 {
		return s.name + "{}" // without braces it would mean all samples
	}
	return format(s.name, s.labels, s.open)
}

func (s selector) matches(x sample) bool {
	return s.name == x.name && s.commonLabels(x.labels) == len(s.labels) &&
		(s.open || len(x.labels) == len(s.labels))
}

// commonLabels is how many of its labels are among the given ones.
func (s selector) commonLabels(labels []label) (n int) {
	for _, l := range s.labels {
		if slices.ContainsFunc(labels, l.equal) {
			n++
		}
	}
	return n
}

// An expectation is a selector with the expected value of its samples.
type expectation struct {
	selector
	value float64
}

func (e expectation) String() string { return e.selector.String() + " " + number(e.value) }

// parseLines parses all lines of some texts. The test fails on a malformed one.
func parseLines[T any](t testing.TB, texts []string, parse func(string) (T, error)) (all []T, ok bool) {
	t.Helper()
	ok = true
	// Not with an iterator: in its loop body t would report a line of this file.
	for _, line := range strings.Split(strings.Join(texts, "\n"), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		x, err := parse(line)
		if err != nil {
			t.Errorf("malformed: %s: %v", line, err)
			ok = false
		}
		all = append(all, x)
	}
	if len(all) == 0 {
		t.Errorf("malformed: no sample given")
	}
	return all, ok && len(all) > 0
}

// parseExpectation reads a line such as a{b="c"} 1.
func parseExpectation(line string) (e expectation, err error) {
	p := parser{rest: line}
	if e.selector, err = p.selector(); err != nil {
		return e, err
	}
	if p.rest == "" {
		return e, errors.New("no value: write the expected value after the sample")
	}
	if e.value, err = strconv.ParseFloat(p.rest, 64); err != nil {
		return e, fmt.Errorf("the value %q is not a number", p.rest)
	}
	return e, nil
}

// parseSelector reads a line such as a{b="c"}.
func parseSelector(line string) (selector, error) {
	p := parser{rest: line}
	s, err := p.selector()
	if err == nil && p.rest != "" {
		err = fmt.Errorf("unexpected %q after the sample: write it without a value", p.rest)
	}
	return s, err
}

// A parser consumes a line. It is hand-written instead of expfmt's, to report errors in terms of
// the line and to allow the three dots.
type parser struct{ rest string }

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
)

func (p *parser) selector() (s selector, err error) {
	p.rest = strings.TrimSpace(p.rest)
	s.name = p.match(metricName)
	ends := p.rest == "" || p.rest[0] == ' ' || p.rest[0] == '\t'
	p.rest = strings.TrimLeft(p.rest, " \t")
	switch {
	case p.consume("{"):
		err = p.braces(&s)
	case s.name == "":
		err = errors.New("want a metric name at the start")
	case !ends:
		err = fmt.Errorf("%q is not allowed in a metric name", p.first())
	default:
		s.open = true // a bare name means all samples
	}
	slices.SortFunc(s.labels, byName)
	return s, err
}

// braces parses the rest of {b="c",...}. Names with characters other than letters, digits and
// underscores are quoted inside the braces, as on the endpoint: {"a.b","c.d"="e"}.
func (p *parser) braces(s *selector) (err error) {
	for first := true; !p.consume("}"); first = false {
		switch {
		case s.open:
			return errors.New("unexpected text after the three dots")
		case p.consume("..."):
			s.open = true
		case s.name == "" && first:
			s.name, err = p.quoted("the metric name")
		default:
			err = p.label(s)
		}
		if err != nil {
			return err
		}
		if !p.consume(",") && !strings.HasPrefix(p.rest, "}") {
			return p.unexpected("a comma or }")
		}
	}
	if s.name == "" {
		return errors.New("no metric name")
	}
	return nil
}

// label parses b="c".
func (p *parser) label(s *selector) (err error) {
	var l label
	if strings.HasPrefix(p.rest, `"`) {
		l.name, err = p.quoted("a label name")
	} else if l.name = p.match(labelName); l.name == "" {
		err = p.unexpected("a label name")
	}
	if err != nil {
		return err
	}
	p.rest = strings.TrimLeft(p.rest, " \t")
	if !p.consume("=") {
		return p.unexpected("= after the label " + l.name)
	}
	if l.value, err = p.quoted("the value of the label " + l.name); err != nil {
		return err
	}
	if slices.ContainsFunc(s.labels, func(other label) bool { return other.name == l.name }) {
		return fmt.Errorf("the label %s occurs twice", l.name)
	}
	s.labels = append(s.labels, l)
	return nil
}

// quoted parses "c".
func (p *parser) quoted(what string) (string, error) {
	if !strings.HasPrefix(p.rest, `"`) {
		return "", fmt.Errorf("%s is not in double quotes", what)
	}
	var out strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = strings.TrimLeft(p.rest[i+1:], " \t")
			return out.String(), nil
		case c == '\\' && i+1 < len(p.rest):
			i++
			plain, ok := escapes[p.rest[i]]
			if !ok {
				return "", fmt.Errorf(`%s contains \%c; only \\, \" and \n are allowed`, what, p.rest[i])
			}
			out.WriteByte(plain)
		default:
			out.WriteByte(c)
		}
	}
	return "", fmt.Errorf("%s has no closing quote on its line", what)
}

var escapes = map[byte]byte{'\\': '\\', '"': '"', 'n': '\n'}

// consume removes a word from the front, with any blanks after it.
func (p *parser) consume(word string) bool {
	rest, ok := strings.CutPrefix(p.rest, word)
	if ok {
		p.rest = strings.TrimLeft(rest, " \t")
	}
	return ok
}

func (p *parser) match(re *regexp.Regexp) string {
	word := re.FindString(p.rest)
	p.rest = p.rest[len(word):]
	return word
}

func (p *parser) first() string {
	for _, r := range p.rest {
		return string(r)
	}
	return ""
}

func (p *parser) unexpected(wanted string) error {
	if p.rest == "" {
		return fmt.Errorf("unexpected end: want %s", wanted)
	}
	return fmt.Errorf("unexpected %q: want %s", p.first(), wanted)
}

// format formats a sample as the endpoint does, without its value.
func format(name string, labels []label, open bool) string {
	var parts []string
	if metricName.FindString(name) != name {
		parts, name = append(parts, quote(name)), ""
	}
	for _, l := range labels {
		if labelName.FindString(l.name) != l.name {
			l.name = quote(l.name)
		}
		parts = append(parts, l.name+"="+quote(l.value))
	}
	switch {
	case open && len(parts) > 0:
		parts = append(parts, "...")
	case open || len(parts) == 0:
		return name
	}
	return name + "{" + strings.Join(parts, ",") + "}"
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func quote(s string) string { return `"` + escaper.Replace(s) + `"` }

// number formats a value, without an exponent if it stays readable.
func number(v float64) string {
	if size := math.Abs(v); size == 0 || 1e-6 <= size && size < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
