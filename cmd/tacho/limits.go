package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/docs"
	"github.com/tacho-go/tacho/gen/rules"
)

// limitFlags are the limits of the built-in rules: the alerts, the verdict, the page and the runbooks
// use the same.
type limitFlags struct {
	latency     time.Duration
	errors      ratio
	minRequests int
	exceptions  limitList
}

// defaultLimits are those of the rules, and of tacho top without a server.
var defaultLimits = limitFlags{latency: time.Second, errors: 0.05, minRequests: 20}

func (f *limitFlags) register(flags *pflag.FlagSet) {
	f.registerStates(flags)
	flags.IntVar(&f.minRequests, "min-requests", f.minRequests, "minimum `number` of requests in five minutes for a route to be slow; for it to be failing, a quarter as many failures")
	flags.Var(&f.exceptions, "limit", "limits of a `service` or one of its routes, such as 'shop latency-limit=500ms' or 'shop /export latency-limit=10s error-limit=20%'; repeatable")
}

// registerStates registers the limits that tacho top has as well.
func (f *limitFlags) registerStates(flags *pflag.FlagSet) {
	*f = defaultLimits
	periodVar(flags, &f.latency, "latency-limit", f.latency, "p95 latency at which a route is slow")
	flags.Var(&f.errors, "error-limit", "`ratio` of failed requests, such as 5% or 0.05, above which a route is failing")
}

// check returns an error for the first invalid limit.
func (f *limitFlags) check(flags *pflag.FlagSet) error {
	return aboveZero(flags, "latency-limit", "min-requests")
}

// in adds the limits to the options of the rules.
func (f *limitFlags) in(o rules.Options) rules.Options {
	o.Latency, o.ErrorRatio, o.MinRequests, o.Limits = f.latency, float64(f.errors), f.minRequests, f.exceptions.limits
	return o
}

// ratio is a flag for a part of a whole, as a percentage or a number.
type ratio float64

// Set implements pflag.Value.
func (r *ratio) Set(text string) error {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v > 0 && v < 1) { // rejects NaN too
		return fmt.Errorf("write a ratio above 0%% and below 100%%, such as 5%% or 0.05, not %q", text)
	}
	*r = ratio(math.Round(v*1e9) / 1e9) // 7% is 0.07, not 0.07000000000000001
	return nil
}

// String implements pflag.Value.
func (r ratio) String() string { return strconv.FormatFloat(100*float64(r), 'g', 6, 64) + "%" }

// Type implements pflag.Value.
func (r *ratio) Type() string { return "ratio" }

// limitList is a repeatable flag for limits of services and routes.
type limitList struct {
	texts  []string
	limits []rules.Limit
}

// Set implements pflag.Value. It adds a limit.
func (l *limitList) Set(text string) error {
	limit, err := parseLimit(text)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(l.limits, func(o rules.Limit) bool { return o.Job == limit.Job && o.Path == limit.Path }) {
		return fmt.Errorf("%s has limits already: write all of them in one --limit", strings.TrimSpace(limit.Job+" "+limit.Path))
	}
	l.texts, l.limits = append(l.texts, text), append(l.limits, limit)
	return nil
}

// String implements pflag.Value.
func (l *limitList) String() string {
	if l == nil || len(l.texts) == 0 {
		return ""
	}
	return "[" + strings.Join(l.texts, ",") + "]"
}

// Type implements pflag.Value.
func (l *limitList) Type() string { return "limit" }

// Append implements pflag.SliceValue.
func (l *limitList) Append(text string) error { return l.Set(text) }

// Replace implements pflag.SliceValue.
func (l *limitList) Replace(all []string) error {
	*l = limitList{}
	for _, text := range all {
		if err := l.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice implements pflag.SliceValue.
func (l *limitList) GetSlice() []string { return l.texts }

// limitSettings are the settings of a --limit, by name.
var limitSettings = map[string]func(*rules.Limit, string) error{
	"latency-limit": func(l *rules.Limit, text string) error {
		var d period
		err := d.Set(text)
		if l.Latency = time.Duration(d); err == nil && d <= 0 {
			err = fmt.Errorf("it must be above 0, not %s", text)
		}
		return err
	},
	"error-limit": func(l *rules.Limit, text string) error {
		var r ratio
		err := r.Set(text)
		l.ErrorRatio = float64(r)
		return err
	},
	"min-requests": func(l *rules.Limit, text string) error {
		n, err := strconv.Atoi(text)
		if l.MinRequests = n; err != nil || n <= 0 {
			return fmt.Errorf("write a whole number above 0, not %q", text)
		}
		return nil
	},
}

// limitForm is the form of a --limit.
const limitForm = "write it as 'SERVICE latency-limit=500ms' or 'SERVICE /route error-limit=10% min-requests=50'"

// parseLimit parses a --limit: a service, maybe a route, and settings. Names with spaces are quoted.
func parseLimit(text string) (l rules.Limit, err error) {
	words, err := splitWords(text)
	if err != nil {
		return l, err
	}
	names := slices.IndexFunc(words, func(w string) bool { key, _, _ := strings.Cut(w, "="); return limitSettings[key] != nil })
	switch {
	case names < 0 && len(words) > 0 && strings.Contains(words[len(words)-1], "="):
		return l, fmt.Errorf("there is no limit %q: use latency-limit, error-limit or min-requests", words[len(words)-1])
	case names < 0:
		return l, errors.New("it sets no limit: " + limitForm)
	case names == 0:
		return l, errors.New("the service is missing: " + limitForm)
	case names > 2:
		return l, fmt.Errorf("%q is one word too many: %s; a route has no method, and names with spaces are quoted", words[2], limitForm)
	}
	if l.Job = words[0]; names == 2 {
		l.Path = words[1]
	}
	return l, setLimits(&l, words[names:])
}

func setLimits(l *rules.Limit, settings []string) error {
	seen := map[string]bool{}
	for _, w := range settings {
		key, value, _ := strings.Cut(w, "=")
		switch set := limitSettings[key]; {
		case set == nil:
			return fmt.Errorf("there is no limit %q: use latency-limit, error-limit or min-requests", w)
		case seen[key]:
			return fmt.Errorf("%s is there twice", key)
		default:
			if err := set(l, value); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		seen[key] = true
	}
	return nil
}

// splitWords splits at spaces, except within double quotes at the beginning of a word.
func splitWords(text string) (words []string, err error) {
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		if rest[0] != '"' {
			word, after, _ := strings.Cut(rest, " ")
			words, rest = append(words, word), after
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return nil, errors.New("a quote is not closed")
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		words, rest = append(words, word), rest[len(quoted):]
	}
	return words, nil
}

// notes are the limits in force, in the runbooks of the alerts that have one.
func (f *limitFlags) notes() map[string]docs.Note {
	of := func(write func(latency time.Duration, errors ratio) string) docs.Note {
		all := []string{write(f.latency, f.errors)}
		for _, l := range f.exceptions.limits {
			if text := write(l.Latency, ratio(l.ErrorRatio)); text != "" {
				all = append(all, strings.TrimSpace(l.Job+" "+l.Path)+" "+text)
			}
		}
		return docs.Note{English: "Threshold on this server: " + strings.Join(all, "; ") + ".", Chinese: "本服务器的阈值：" + strings.Join(all, "；") + "。"}
	}
	return map[string]docs.Note{
		"TachoLatencyHigh":    of(func(d time.Duration, _ ratio) string { return unlessZero(d, period(d).String()) }),
		"TachoErrorRatioHigh": of(func(_ time.Duration, r ratio) string { return unlessZero(r, r.String()) }),
	}
}

func unlessZero[T comparable](v T, text string) string {
	if v == *new(T) {
		return ""
	}
	return text
}
