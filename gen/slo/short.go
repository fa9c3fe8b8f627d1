package slo

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Form is the short form of an objective.
const Form = `write it as 'SERVICE: 99.5% available' or 'SERVICE: 99.9% of POST /orders below 300ms over 30d'`

// Parse reads an objective in the short form:
//
//	SERVICE[{LABEL="VALUE",…}]: TARGET [of [METHOD] [/ROUTE]] available|below DURATION [over PERIOD] [as NAME]
//
// Names with spaces or colons are quoted. RPCs are routes: of /shop.Shop/Buy.
func Parse(text string) (o Objective, err error) {
	w, err := split(text)
	if err != nil {
		return o, err
	}
	o.HTTP = &HTTP{}
	if err = w.service(&o); err != nil {
		return o, err
	}
	if o.Target, err = w.target(o.Service); err != nil {
		return o, err
	}
	for len(w.rest) > 0 {
		word := w.next()
		if !slices.Contains(keywords, word) {
			return o, fmt.Errorf("%q is not expected: %s", word, Form)
		}
		if w.seen[group(word)] {
			return o, fmt.Errorf("%q is one clause too many: %s", word, Form)
		}
		w.seen[group(word)] = true
		if err = w.clause(word, &o); err != nil {
			return o, fmt.Errorf("%s: %w", word, err)
		}
	}
	if !w.seen["what"] {
		return o, errors.New("it promises nothing: add 'available' or 'below 300ms'")
	}
	o = o.filled()
	return o, o.check()
}

// clause reads what follows a word.
func (w *words) clause(word string, o *Objective) (err error) {
	switch word {
	case "of":
		return w.route(o)
	case "below":
		o.HTTP.Below, err = duration(w.next())
	case "over":
		o.Period, err = duration(w.next())
	case "as":
		return w.name(o)
	}
	return err
}

// keywords begin a clause.
var keywords = []string{"of", "available", "below", "over", "as"}

// group is what only one clause can set.
func group(word string) string {
	if word == "available" || word == "below" {
		return "what"
	}
	return word
}

func (w *words) name(o *Objective) error {
	if o.Name = w.next(); o.Name == "" {
		return errors.New("the name is missing")
	}
	return nil
}

// words are those of a short form, one after the other.
type words struct {
	rest []string
	seen map[string]bool
}

func (w *words) next() string {
	if len(w.rest) == 0 {
		return ""
	}
	first := w.rest[0]
	w.rest = w.rest[1:]
	return first
}

// wordForm is a quoted string, a set of labels, a colon, or characters without any of them.
var wordForm = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}|:|[^\s:"{]+(?:[{:][^\s:"]*)*)`)

// split splits the text into words. Only the first colon separates; those of routes stay.
func split(text string) (*words, error) {
	w := &words{seen: map[string]bool{}}
	service := true
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		form := wordForm
		if service {
			form = serviceForm
		}
		word := form.FindString(rest)
		if word == "" {
			return nil, fmt.Errorf("%q is not closed or misplaced: %s", rest, Form)
		}
		rest = rest[len(word):]
		service = service && word != ":"
		if word[0] == '"' {
			plain, err := strconv.Unquote(word)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", word, err)
			}
			word = plain
		}
		w.rest = append(w.rest, word)
	}
	return w, nil
}

// serviceForm is wordForm before the colon.
var serviceForm = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}|:|[^\s:"{]+)`)

// service reads the service, its labels, and the colon.
func (w *words) service(o *Objective) (err error) {
	if o.Service = w.next(); o.Service == ":" || o.Service == "" || o.Service[0] == '{' {
		return errors.New("the service is missing: " + Form)
	}
	if len(w.rest) > 0 && strings.HasPrefix(w.rest[0], "{") {
		if o.HTTP.Matchers, err = readLabels(w.next()); err != nil {
			return err
		}
	}
	if w.next() != ":" {
		return errors.New("the colon after the service is missing: " + Form)
	}
	return nil
}

// target reads the target, whose sign may be a word of its own.
func (w *words) target(service string) (Ratio, error) {
	text := w.next()
	if len(w.rest) > 0 && w.rest[0] == "%" {
		text += w.next()
	}
	r, err := ParseRatio(text)
	_, percent := ParseRatio(text + "%")
	switch {
	case err == nil:
		return r, nil
	case strings.HasSuffix(text, ":"):
		return 0, fmt.Errorf("quote a service with a colon, as in '%q: 99.5%% available'", service+":"+strings.TrimSuffix(text, ":"))
	case percent == nil:
		return 0, fmt.Errorf("the target %s lacks its sign: write %s%%", text, text)
	}
	return 0, err
}

var labelForm = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*("(?:[^"\\]|\\.)*")\s*(,|$)`)

// readLabels reads {label="value",…}.
func readLabels(text string) (all []Matcher, err error) {
	for rest := strings.TrimSuffix(text[1:], "}"); strings.TrimSpace(rest) != ""; {
		m := labelForm.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%s: write labels as {tenant=\"a\"}", text)
		}
		value, err := strconv.Unquote(m[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		if m[1] == "job" {
			return nil, errors.New("the label job is the service before the colon")
		}
		if slices.ContainsFunc(all, func(other Matcher) bool { return other.Label == m[1] }) {
			return nil, fmt.Errorf("%s: %s is there twice, so no request has both", text, m[1])
		}
		all, rest = append(all, Matcher{m[1], value}), rest[len(m[0]):]
	}
	return all, nil
}

// route reads a method, a route, or both.
func (w *words) route(o *Objective) error {
	for len(w.rest) > 0 && !slices.Contains(keywords, w.rest[0]) {
		switch word := w.next(); {
		case strings.HasSuffix(word, ","):
			return fmt.Errorf("%q ends in a comma: separate the parts by spaces alone", word)
		case o.HTTP.Method == "" && strings.HasPrefix(word, "/") && o.HTTP.Route != "" && o.HTTP.Route[0] != '/':
			return fmt.Errorf("%q is no method: write it in upper case, such as POST", o.HTTP.Route)
		case o.HTTP.Route != "":
			return fmt.Errorf("%q is one word too many after the route", word)
		case o.HTTP.Method == "" && word == strings.ToUpper(word) && !strings.HasPrefix(word, "/"):
			o.HTTP.Method = word
		default:
			o.HTTP.Route = word
		}
	}
	if o.HTTP.Method == "" && o.HTTP.Route == "" {
		return errors.New("a method, a route or both are missing")
	}
	return nil
}

// duration reads a duration with days, as PromQL writes it, and with decimals, as Go does.
func duration(text string) (time.Duration, error) {
	if d, err := model.ParseDuration(text); err == nil && d > 0 {
		return time.Duration(d), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("write a duration above 0 such as 300ms or 30d, not %q", text)
	}
	return d, nil
}
