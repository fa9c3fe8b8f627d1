package verdict

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Words say how sentences are written. The zero value writes English, in UTC.
type Words struct {
	Language Language       // the default is English
	Location *time.Location // of clock times; the default is UTC
	// Now is when the sentence is read: a time of another day has its date. The default is never.
	Now time.Time
}

// In returns a copy whose services and findings have their sentences.
func (v *Verdict) In(w Words) *Verdict {
	w.Now = v.At
	all := *v
	all.Services = make([]Service, len(v.Services))
	for i, s := range v.Services {
		s.Text = s.Sentence(w)
		s.Findings, s.Over = w.written(s.Findings), w.written(s.Over)
		all.Services[i] = s
	}
	return &all
}

func (w Words) written(findings []Finding) []Finding {
	if findings == nil {
		return nil
	}
	all := make([]Finding, len(findings))
	for i, f := range findings {
		f.Text = f.Sentence(w)
		all[i] = f
	}
	return all
}

// Sentence says what is wrong with a service, in one line: the worst finding, and how many more there
// are.
func (s Service) Sentence(w Words) string {
	if len(s.Findings) == 0 {
		return w.say(string(s.State), "job", plain(s.Job), "rate", number(s.Rate), "ratio", percent(ratio(s.Errors, s.Rate)),
			"alerts", plain(strings.Join(s.Firing, w.say("list")))) + w.say("stop")
	}
	return s.Findings[0].sentence(w) + w.more(s.Findings) + w.say("stop")
}

// more says how many findings there are besides the first: their routes, if all others are of routes.
func (w Words) more(all []Finding) string {
	type id struct{ method, path string }
	routes := map[id]bool{{all[0].Method, all[0].Path}: true}
	of := "route"
	for _, f := range all[1:] {
		if routes[id{f.Method, f.Path}] = true; f.Kind != Errors && f.Kind != Latency {
			of = "finding"
		}
	}
	n := len(routes) - 1
	if of == "finding" {
		n = len(all) - 1
	}
	switch n {
	case 0:
		return ""
	case 1:
		return w.say("more." + of)
	}
	return w.say("more."+of+"s", "n", strconv.Itoa(n))
}

// Sentence says what a finding is: subject, value, since when, after what.
func (f Finding) Sentence(w Words) string { return f.sentence(w) + w.say("stop") }

func (f Finding) sentence(w Words) string {
	key, value := string(f.Kind), f.Now
	if !f.Until.IsZero() {
		key, value = key+".over", f.Worst
	}
	since := w.clock(f.Since)
	if f.AtLeast {
		since = w.say("since.before", "clock", since)
	}
	return w.say(key, "subject", plain(f.subject()), "value", f.format(value), "before", w.before(f), "only", w.only(f),
		"since", since, "until", w.clock(f.Until), "after", w.after(f))
}

// say fills in a phrase. Values are pairs of name and text; they may contain braces.
func (w Words) say(key string, values ...string) string {
	for i := 0; i < len(values); i += 2 {
		values[i] = "{" + values[i] + "}"
	}
	return strings.NewReplacer(values...).Replace(phrases[cmp.Or(w.Language, English)][key])
}

// plain replaces what could change the text around a label value: control characters, line breaks, and
// marks of the writing direction.
func plain(label string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, label)
}

// subject is what the finding is about.
func (f Finding) subject() string {
	switch f.Kind {
	case Target:
		return f.Instance
	case Alert:
		return f.Alert
	case Pool:
		return f.Pool
	}
	return strings.TrimSpace(f.Method + " " + f.Path)
}

// format writes a value of the finding's kind.
func (f Finding) format(v float64) string {
	switch f.Kind {
	case Errors:
		return percent(v)
	case Latency:
		return seconds(v)
	}
	return number(v)
}

// before is the value before, if it is known and there was one.
func (w Words) before(f Finding) string {
	if f.Before == nil || *f.Before == 0 {
		return ""
	}
	return w.say("before", "value", f.format(*f.Before))
}

// only is where the fault is, if that is not everywhere.
func (w Words) only(f Finding) string {
	if f.Where.Only == "" {
		return ""
	}
	return w.say("only", "instance", plain(f.Where.Only))
}

func (w Words) clock(t time.Time) string {
	location := w.Location
	if location == nil {
		location = time.UTC
	}
	t = t.In(location)
	if w.Now.IsZero() || t.Format(time.DateOnly) == w.Now.In(location).Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

func (w Words) after(f Finding) string {
	if f.After == nil {
		return ""
	}
	key := "after." + f.After.Kind
	if f.After.Kind == Restart && f.After.Instance == "" {
		key += ".all"
	}
	d := f.Since.Sub(f.After.At).Round(time.Second)
	if d <= 0 {
		key += ".at"
	}
	return w.say(key, "ago", w.ago(d), "version", plain(f.After.Version), "instance", plain(f.After.Instance))
}

func (w Words) ago(d time.Duration) string {
	m, s := int(d/time.Minute), int(d%time.Minute/time.Second)
	if m == 0 {
		return w.say("ago.seconds", "s", strconv.Itoa(s))
	}
	return w.say("ago.minutes", "m", strconv.Itoa(m), "s", strconv.Itoa(s))
}

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// percent has as many digits as tell small ratios from none.
func percent(r float64) string {
	digits := 0
	if p := 100 * r; p > 0 && p < 10 {
		digits = 1
	}
	return strconv.FormatFloat(100*r, 'f', digits, 64) + "%"
}

// seconds has three significant digits.
func seconds(s float64) string {
	if s < 1 {
		return number(1000*s) + " ms"
	}
	return number(s) + " s"
}

// number has three significant digits, and no exponent.
func number(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	text := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
