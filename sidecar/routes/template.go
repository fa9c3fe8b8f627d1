package routes

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A kind is how a segment of a template matches a segment of a path. More specific kinds are tried
// first.
type kind int

const (
	literal kind = iota
	pattern      // literals and parameters in one segment: report-{id}.pdf
	digits
	uuid
	anything
	rest // the remainder of the path, with its slashes
)

// A segment is one part of a template between slashes.
type segment struct {
	kind kind
	text string         // of a literal
	re   *regexp.Regexp // of a pattern
}

// typed are the converters of Flask, Django, FastAPI and Spring that narrow a parameter. Others
// match like a parameter without one.
var typed = map[string]kind{
	"int": digits, "integer": digits, "uuid": uuid,
	"path": rest, "any_path": rest,
}

// uuidLength is the length of a UUID's text, and uuidDashes where it has dashes.
const uuidLength = 36

var uuidDashes = [...]int{8, 13, 18, 23}

// parameter matches one parameter within a segment, in any of the notations: <int:id>, {id:regex},
// {rest...}, :id, *rest.
var parameter = regexp.MustCompile(`<[^<>]+>|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|:[A-Za-z_]\w*|\*\w*`)

// optionalFormat is what Rails prints at the end of nearly every route.
const optionalFormat = "(.:format)"

// parse parses a template.
func parse(template string) ([]segment, error) {
	if !strings.HasPrefix(template, "/") {
		return nil, errors.New("a template begins with /")
	}
	path := strings.TrimSuffix(template, optionalFormat)
	if strings.ContainsAny(path, "()") && !strings.Contains(path, ":") {
		return nil, errors.New("optional parts in parentheses are not supported: write one line for each variant")
	}
	var all []segment
	for text := range strings.SplitSeq(path[1:], "/") {
		if len(all) > 0 && all[len(all)-1].kind == rest {
			return nil, errors.New("a parameter that matches the rest of the path must be the last segment")
		}
		s, err := parseSegment(text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func parseSegment(text string) (segment, error) {
	found := parameter.FindAllStringIndex(text, -1)
	switch {
	case len(found) == 0:
		if strings.ContainsAny(text, "{}<>") {
			return segment{}, fmt.Errorf("the parameter in %q is not closed", text)
		}
		return segment{kind: literal, text: text}, nil
	case len(found) == 1 && found[0][0] == 0 && found[0][1] == len(text):
		return segment{kind: parameterKind(text)}, nil
	}
	return parsePattern(text, found)
}

// parameterKind returns how a segment that is one parameter matches.
func parameterKind(text string) kind {
	if text[0] == '*' || strings.HasSuffix(text, "...}") {
		return rest
	}
	if text[0] == ':' {
		return anything
	}
	before, after, typedOne := strings.Cut(text[1:len(text)-1], ":")
	if !typedOne {
		return anything
	}
	converter := before // <int:id> of Flask and Django
	if text[0] == '{' {
		converter = after // {id:int} of Starlette
	}
	converter, _, _ = strings.Cut(converter, "(") // <string(length=2):code>
	if k, ok := typed[converter]; ok {
		return k
	}
	return anything
}

// parsePattern makes a pattern of a segment with literals and parameters.
func parsePattern(text string, found [][]int) (segment, error) {
	var re strings.Builder
	re.WriteByte('^')
	at := 0
	for _, f := range found {
		re.WriteString(regexp.QuoteMeta(text[at:f[0]]))
		re.WriteString("[^/]+?")
		at = f[1]
	}
	re.WriteString(regexp.QuoteMeta(text[at:]) + "$")
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return segment{}, fmt.Errorf("%q: %w", text, err)
	}
	return segment{kind: pattern, text: text, re: compiled}, nil
}

// matches reports whether a segment of a path fits. A parameter is never empty.
func (s segment) matches(text string) bool {
	switch s.kind {
	case literal:
		return s.text == text
	case pattern:
		return s.re.MatchString(text)
	case digits:
		return isDigits(text)
	case uuid:
		return isUUID(text)
	}
	return text != ""
}

func isDigits(s string) bool { return consistsOf(s, isDigit) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func consistsOf(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return s != ""
}

func isUUID(s string) bool {
	if len(s) != uuidLength {
		return false
	}
	for _, i := range uuidDashes {
		if s[i] != '-' {
			return false
		}
	}
	return consistsOf(strings.ReplaceAll(s, "-", ""), isHex)
}
