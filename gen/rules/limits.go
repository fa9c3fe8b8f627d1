package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tacho-go/tacho/verdict"
)

// The recorded limits, by job and path, and by job alone. The alerts, the verdict and the page compare
// with them, so that all of them agree.
const (
	ErrorRatioLimit = "tacho:http_error_ratio:limit"
	LatencyLimit    = "tacho:http_request_duration_seconds:limit" // of the 95th percentile, in seconds
	MinErrors       = "tacho:http_errors:min"                     // within the look-back
	MinRequests     = "tacho:http_requests:min"                   // within the look-back
)

// A Limit replaces limits of [Options] for a service, or for one of its routes. A field that is zero
// keeps the limit of the service, or of Options.
type Limit struct {
	Job  string // the label job
	Path string // the route, without a method; "" is all routes of the job

	ErrorRatio  float64
	MinErrors   int // the default is a quarter of MinRequests, if that is set
	Latency     time.Duration
	MinRequests int
}

// over returns the limits of a Limit, and for its zero fields those of a wider one.
func (l Limit) over(wider verdict.Limits) verdict.Limits {
	set := func(to *float64, v float64) {
		if v != 0 {
			*to = v
		}
	}
	set(&wider.ErrorRatio, l.ErrorRatio)
	set(&wider.Latency, l.Latency.Seconds())
	set(&wider.MinRequests, float64(l.MinRequests))
	set(&wider.MinErrors, float64(quarter(l.MinRequests)))
	set(&wider.MinErrors, float64(l.MinErrors))
	return wider
}

// quarter is that of a number of requests, rounded up.
func quarter(requests int) int { return (requests + 3) / 4 }

// limits are those of all services, and the complete limits of those that differ.
func (o Options) limits() (verdict.Limits, map[verdict.Scope]verdict.Limits) {
	all := verdict.Limits{ErrorRatio: o.ErrorRatio, MinErrors: float64(o.MinErrors), Latency: o.Latency.Seconds(), MinRequests: float64(o.MinRequests)}
	different := make(map[verdict.Scope]verdict.Limits, len(o.Limits))
	for _, whole := range []bool{true, false} { // jobs first: their routes build on them
		for _, l := range o.Limits {
			if whole != (l.Path == "") {
				continue
			}
			wider, known := different[verdict.Scope{Job: l.Job}]
			if !known {
				wider = all
			}
			different[verdict.Scope{Job: l.Job, Path: l.Path}] = l.over(wider)
		}
	}
	return all, different
}

// limited are the rules that record the limits of each route that has requests, and of each job.
func limited(o Options) []rulefmt.Rule {
	measured := Buckets + `{le="+Inf"}`
	return []rulefmt.Rule{
		o.limitRule(ErrorRatioLimit, Requests, func(l verdict.Limits) float64 { return l.ErrorRatio }),
		o.limitRule(MinErrors, Requests, func(l verdict.Limits) float64 { return l.MinErrors }),
		o.limitRule(LatencyLimit, measured, func(l verdict.Limits) float64 { return l.Latency }),
		o.limitRule(MinRequests, measured, func(l verdict.Limits) float64 { return l.MinRequests }),
	}
}

// limitRule records one limit. Of several label sets that are the same, the first of an "or" counts: so
// routes come before their jobs, and jobs before all.
func (o Options) limitRule(record, of string, value func(verdict.Limits) float64) rulefmt.Rule {
	all, different := o.limits()
	var each []string
	add := func(series string, v float64) {
		by := "job, path"
		if strings.HasPrefix(series, JobRequests) {
			by = "job"
		}
		each = append(each, fmt.Sprintf("group by (%s) (%s) * %s", by, series, number(v)))
	}
	for _, s := range scopes(different) {
		add(with(of, s), value(different[s]))
		if s.Path == "" {
			add(with(JobRequests, s), value(different[s]))
		}
	}
	add(of, value(all))
	add(JobRequests, value(all))
	return rulefmt.Rule{Record: record, Expr: strings.Join(each, "\nor ")}
}

// scopes are sorted, routes first.
func scopes(different map[verdict.Scope]verdict.Limits) []verdict.Scope {
	return slices.SortedFunc(maps.Keys(different), func(a, b verdict.Scope) int {
		if (a.Path == "") != (b.Path == "") {
			return strings.Compare(b.Path, a.Path)
		}
		return strings.Compare(a.Job+"\xff"+a.Path, b.Job+"\xff"+b.Path)
	})
}

// with adds the matchers of a scope to a selector.
func with(selector string, s verdict.Scope) string {
	name, rest, braces := strings.Cut(strings.TrimSuffix(selector, "}"), "{")
	all := []string{}
	if braces {
		all = append(all, rest)
	}
	all = append(all, "job="+strconv.Quote(s.Job))
	if s.Path != "" {
		all = append(all, "path="+strconv.Quote(s.Path))
	}
	return series(name, all)
}

// threshold is what a value by job and path is compared with: a number, or the recorded limit if routes
// have different ones.
func (o Options) threshold(record string, value float64) string {
	if len(o.Limits) == 0 {
		return number(value)
	}
	return "on (job, path) " + record
}

// thresholdText is a threshold in a template's text, written by a template function.
func (o Options) thresholdText(record, format, value string) string {
	if len(o.Limits) == 0 {
		return value
	}
	return `{{ with printf "` + record + `{job=%q,path=%q}" $labels.job $labels.path | query }}{{ . | first | value | ` + format + ` }}{{ end }}`
}
