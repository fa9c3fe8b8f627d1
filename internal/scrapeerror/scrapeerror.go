// Package scrapeerror explains why a target cannot be scraped: what is wrong, and how
// to fix it. tacho doctor, tacho top, the start of tacho serve, the alert
// TachoScrapeFailing and the page read one table, causes.json, and so cannot differ.
//
// The page explains what Prometheus's API returns, in the browser. It has the table as
// a module, dash/static/causes.js, made from [Module]; cases.json holds both readers
// together.
package scrapeerror

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/lazyregexp"
)

//go:embed causes.json
var causesJSON []byte

// A Setting is where the reader named the target, and so where the reader can fix it.
type Setting string

// The settings. A fix for "any" in the table fits all that have none of their own.
const (
	Config    Setting = "config"    // a prometheus.yml
	Arguments Setting = "arguments" // the arguments of tacho serve
	Once      Setting = "once"      // the arguments of tacho doctor or tacho top
	anywhere  Setting = "any"
)

// Languages of the table, as indexes.
const (
	English = 0
	Chinese = 1
)

// A cause is an entry of the table. Prometheus's error is matched with the causes in
// their order: those that begin the error come before those that could stand in what it
// quotes of the response. A cause without a match is one that the error does not tell.
type cause struct {
	Name    string               `json:"cause"`
	Match   string               `json:"match,omitempty"`
	Example string               `json:"example,omitempty"`
	What    []string             `json:"what"`
	Fix     map[Setting][]string `json:"fix"`

	pattern *regexp.Regexp
}

// table is made when it is first needed: a test has read it.
var table = sync.OnceValue(func() (all []cause) {
	if err := json.Unmarshal(causesJSON, &all); err != nil {
		panic("scrapeerror: causes.json: " + err.Error())
	}
	for i := range all {
		if all[i].Match != "" {
			all[i].pattern = regexp.MustCompile(all[i].Match)
		}
	}
	return all
})

func named(name string) cause {
	for _, c := range table() {
		if c.Name == name {
			return c
		}
	}
	return cause{}
}

// UsualPaths are where services serve metrics: client libraries, Spring Boot,
// Quarkus, and some older ones.
const UsualPaths = "/metrics, /actuator/prometheus, /q/metrics, /prometheus"

// A Target is what was scraped.
type Target struct {
	URL     string
	Final   string        // where redirects have led, if that is known
	Timeout time.Duration // of a scrape; 0 if it is not known
}

// An Explanation is what is wrong with a target and how to fix it.
type Explanation struct {
	Cause  string // its name in the table; "" if it is not there
	Error  string // the error's own words, without the URL
	Target Target

	redirected bool
	values     map[string]string
}

// asked is the address that net/http puts before an error: the one that it asked for
// last, after redirects.
var asked = lazyregexp.New(`^(?:Get|Head) ("(?:[^"\\]|\\.)*"): `)

// Explain finds the cause of an error as Prometheus words it in lastError.
func Explain(text string, t Target) Explanation {
	if m := asked.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if u, err := strconv.Unquote(m[1]); err == nil {
			t.Final = u
		}
	}
	e := Explanation{Error: text, Target: t}
	for _, c := range table() {
		if c.pattern != nil && c.pattern.MatchString(text) {
			e.Cause = c.Name
			break
		}
	}
	return e.filled()
}

// Of explains a cause that is known by more than Prometheus's error: by the response's
// body, for example. The text is the error's, if there is one.
func Of(cause, text string, t Target) Explanation {
	return Explanation{Cause: cause, Error: text, Target: t}.filled()
}

// itself is the scraping machine. In a container that is the container.
var itself = lazyregexp.New(`^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$`)

var (
	statusOf = lazyregexp.New(`^server returned HTTP status (\d{3})`)
	typeOf   = lazyregexp.New(`Content-Type "([^";]*)`)
)

// filled computes the words that the table's texts have room for. They are of the
// machine that failed: after a redirect, of the one that it led to.
func (e Explanation) filled() Explanation {
	target := parse(e.Target.URL)
	at := target.final(e.Target.Final)
	e.redirected = at != target
	if e.Cause == "refused" && itself.MatchString(at.host) {
		e.Cause = "refusedHere"
	}
	e.values = map[string]string{
		"host": at.host, "address": at.address, "port": at.port, "path": at.path, "url": at.url, "target": target.url,
		"https": at.as("https"), "http": at.as("http"),
		"status": first(statusOf, e.Error), "type": first(typeOf, e.Error), "within": "", "usual": UsualPaths,
	}
	if e.Target.Timeout > 0 {
		e.values["within"] = " (" + strconv.FormatFloat(e.Target.Timeout.Seconds(), 'f', -1, 64) + " s)"
	}
	return e
}

func first(pattern *lazyregexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// An address is a URL taken apart, without a password.
type address struct{ url, scheme, host, address, port, path string }

// parts of a URL: scheme, host, port, path, query. The page has the same expression:
// net/url and the browser's URL differ in what they leave out.
var parts = lazyregexp.New(`^([a-zA-Z][\w+.-]*)://(?:[^@/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?([^?#]*)(\?[^#]*)?`)

func parse(text string) address {
	m := parts.FindStringSubmatch(text)
	if m == nil {
		return address{url: text, host: text, address: text}
	}
	a := address{scheme: strings.ToLower(m[1]), host: m[2], address: m[2], port: m[3], path: m[4]}
	switch {
	case a.port != "":
		a.address += ":" + a.port
	case a.scheme == "https":
		a.port = "443"
	default:
		a.port = "80"
	}
	if a.path == "" {
		a.path = "/"
	}
	a.url = a.scheme + "://" + a.address + m[4] + m[5]
	return a
}

// as is the URL with another scheme.
func (a address) as(scheme string) string {
	if a.scheme == "" {
		return a.url
	}
	return scheme + strings.TrimPrefix(a.url, a.scheme)
}

// final is where redirects from a have led. A Location may be a path alone.
func (a address) final(text string) address {
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		text = a.scheme + "://" + a.address + text
	}
	if !parts.MatchString(text) {
		return a
	}
	return parse(text)
}

// What says what is wrong, in sentences; for a cause that is not in the table, in the
// error's own words.
func (e Explanation) What(language int) string {
	text := e.Error
	if e.Cause != "" {
		text = e.fill(named(e.Cause).What, language)
	}
	if e.redirected {
		text = join(e.fill(named("redirected").What, language), text, language)
	}
	return text
}

// Fix says how to fix it where the target was named; "" for a cause that is not in the
// table.
func (e Explanation) Fix(s Setting, language int) string {
	if e.Cause == "" {
		return ""
	}
	fixes := named(e.Cause).Fix
	texts := fixes[s]
	if len(texts) <= language {
		texts = fixes[anywhere]
	}
	return e.fill(texts, language)
}

// Text is What and Fix together.
func (e Explanation) Text(s Setting, language int) string {
	return join(e.What(language), e.Fix(s, language), language)
}

// join puts sentences together; Chinese has no space between them.
func join(a, b string, language int) string {
	if a == "" || b == "" || language == Chinese {
		return a + b
	}
	return a + " " + b
}

var word = lazyregexp.New(`\{(\w+)\}`)

func (e Explanation) fill(texts []string, language int) string {
	if len(texts) <= language {
		return ""
	}
	return word.ReplaceAllStringFunc(texts[language], func(w string) string { return e.values[w[1:len(w)-1]] })
}

// Module is the table as a JavaScript module: what the page needs of it.
func Module() string {
	var b strings.Builder
	b.WriteString("// Code generated from internal/scrapeerror/causes.json by go test ./dash -run TestCauses -update; DO NOT EDIT.\n\n" +
		"/** @type {{cause: string, match?: string, what: string[], fix: Record<string, string[]>}[]} */\nexport const causes = [\n")
	for _, c := range table() {
		c.Example = ""
		fixes := map[Setting][]string{}
		for s, texts := range c.Fix {
			if s != Once { // the page is of targets that are scraped again and again
				fixes[s] = texts
			}
		}
		c.Fix = fixes
		b.WriteString("  " + line(c) + ",\n")
	}
	b.WriteString("];\n\n/** Where services serve metrics. */\nexport const usualPaths = " + line(UsualPaths) + ";\n")
	return b.String()
}

// line is JSON on one line, with its characters as they are.
func line(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // strings only
	return strings.TrimSpace(b.String())
}
