package verdict

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// RuleOptions returns o with the interval, the windows and the look-back of the rules that the server
// evaluates: with those of other rules, failures would be counted wrongly. If the server lists no such
// rules, or no rules at all, as some servers with Prometheus's query API, o is returned as it is.
func (a API) RuleOptions(ctx context.Context, o Options) (Options, error) {
	// Servers that do not know these parameters return all rules.
	names := url.Values{"rule_name[]": {requests, errorAlert}, "exclude_alerts": {"true"}}
	r, err := a.send(ctx, http.MethodGet, "rules?"+names.Encode(), nil)
	if err != nil {
		return o, err
	}
	defer r.Body.Close()
	var all listedRules
	err = json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&all)
	switch {
	case r.StatusCode == http.StatusNotFound:
		return o, nil
	case r.StatusCode != http.StatusOK:
		return o, fmt.Errorf("%s responded with %s", r.Request.URL.Redacted(), r.Status)
	case err != nil:
		return o, fmt.Errorf("%s: the response is not that of a Prometheus API: %w", r.Request.URL.Redacted(), err)
	}
	return all.in(o), nil
}

// errorAlert is the alert that shows the look-back. Package gen/rules names it.
const errorAlert = "TachoErrorRatioHigh"

// listedRules are the rules in a response of the API.
type listedRules struct {
	Data struct {
		Groups []struct {
			Interval float64 `json:"interval"` // seconds
			Rules    []struct {
				Name  string `json:"name"`
				Query string `json:"query"`
			} `json:"rules"`
		} `json:"groups"`
	} `json:"data"`
}

// in sets the times of the rules in options.
func (all listedRules) in(o Options) Options {
	var spans ruleSpans
	for _, g := range all.Data.Groups {
		for _, r := range g.Rules {
			switch r.Name {
			case requests:
				o.Interval = time.Duration(g.Interval * float64(time.Second))
				spans.add(r.Query)
			case errorAlert:
				if found := ranges.FindStringSubmatch(r.Query); found != nil {
					o.LookBack = rangeOf(found[2])
				}
			}
		}
	}
	if spans.longest > 0 {
		o.Window, o.WindowOf = spans.longest, spans.of
	}
	return o
}

// ranges finds the ranges in PromQL, each with the matcher on the job before it. The rules have it last in
// a selector.
var ranges = regexp.MustCompile(`(?:\bjob=~("(?:[^"\\]|\\.)*")\})?\[((?:[0-9]+(?:ms|[smhdwy]))+)\]`)

// ruleSpans are the windows of rates: shorter ones of some jobs, and that of all others.
type ruleSpans struct {
	jobs    []*regexp.Regexp
	windows []time.Duration
	longest time.Duration
}

func (s *ruleSpans) add(query string) {
	for _, found := range ranges.FindAllStringSubmatch(query, -1) {
		window := rangeOf(found[2])
		s.longest = max(s.longest, window)
		jobs, err := strconv.Unquote(found[1])
		if err != nil {
			continue // the range of all jobs
		}
		if named, err := regexp.Compile("^(?:" + jobs + ")$"); err == nil {
			s.jobs, s.windows = append(s.jobs, named), append(s.windows, window)
		}
	}
}

// of returns the window of a job.
func (s *ruleSpans) of(job string) time.Duration {
	for i, named := range s.jobs {
		if named.MatchString(job) {
			return s.windows[i]
		}
	}
	return s.longest
}

// timeUnits are those of PromQL.
var timeUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
}

// rangeOf parses a duration of PromQL, such as 1h30m.
func rangeOf(text string) (d time.Duration) {
	for text != "" {
		digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
		unit := text[digits:]
		if next := strings.IndexAny(unit, "0123456789"); next >= 0 {
			unit = unit[:next]
		}
		n, _ := strconv.Atoi(text[:digits])
		d += time.Duration(n) * timeUnits[unit]
		text = text[digits+len(unit):]
	}
	return d
}
