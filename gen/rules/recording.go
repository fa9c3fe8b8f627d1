package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tacho-go/tacho/schema"
)

// The recorded metrics. See the package comment for their labels.
const (
	Requests     = "tacho:http_requests:rate"
	Buckets      = "tacho:http_request_duration_seconds_bucket:rate"
	Quantiles    = "tacho:http_request_duration_seconds:quantile"
	Seconds      = "tacho:http_request_duration_seconds_sum:rate"
	InFlight     = "tacho:http_requests_in_flight:sum"
	JobRequests  = "tacho:job_http_requests:rate"
	JobStatuses  = "tacho:job_http_requests_by_status:rate"
	JobBuckets   = "tacho:job_http_request_duration_seconds_bucket:rate"
	JobQuantiles = "tacho:job_http_request_duration_seconds:quantile"
)

// recordedQuantiles are the values of the label quantile.
var recordedQuantiles = []string{"0.5", "0.95", "0.99"}

// Recording returns the recording rules. Their order matters: a rule reads what
// earlier rules recorded in the same evaluation.
func Recording(o Options) rulefmt.RuleGroup {
	o = o.filled()
	group := rulefmt.RuleGroup{Name: "tacho-recording", Interval: model.Duration(o.Interval)}
	for _, s := range o.Schemas {
		group.Rules = append(group.Rules, normalized(o, s)...)
	}
	group.Rules = append(group.Rules, derived()...)
	group.Rules = append(group.Rules, limited(o)...)
	return group
}

// normalized are the rules that write one schema's metrics under our names.
func normalized(o Options, s schema.Schema) (all []rulefmt.Rule) {
	in := recorder{Options: o, schema: s}
	for _, r := range []rulefmt.Rule{
		{Record: Requests, Expr: in.requests()},
		{Record: Buckets, Expr: in.buckets()},
		{Record: Seconds, Expr: in.seconds()},
		{Record: InFlight, Expr: in.inFlight()},
	} {
		if r.Expr != "" {
			r.Labels = map[string]string{"schema": s.Name}
			all = append(all, r)
		}
	}
	return all
}

// derived are the rules that read the normalized metrics, for all schemas at once.
// Quantiles are recorded because they are expensive: without rules, each refresh of
// each page would compute them again.
func derived() []rulefmt.Rule {
	all := []rulefmt.Rule{
		// A job that exports two schemas during a migration counts once.
		{Record: JobRequests, Expr: "max by (job) (sum by (job, schema) (" + Requests + "))"},
		{Record: JobStatuses, Expr: "sum by (job, schema, status) (" + Requests + ")"},
		{Record: JobBuckets, Expr: "sum by (job, schema, le) (" + Buckets + ")"},
	}
	for _, q := range recordedQuantiles {
		all = append(all, quantile(q, Quantiles, Buckets), quantile(q, JobQuantiles, JobBuckets))
	}
	return all
}

// quantile is NaN without requests, as in PromQL.
func quantile(q, name, buckets string) rulefmt.Rule {
	return rulefmt.Rule{
		Record: name,
		Expr:   "histogram_quantile(" + q + ", " + buckets + ")",
		Labels: map[string]string{"quantile": q},
	}
}

// A recorder writes the recording rules of one schema.
type recorder struct {
	Options
	schema schema.Schema
}

func (in recorder) requests() string {
	f, suffix := in.schema.Counter()
	if f.Name == "" {
		return ""
	}
	by := []schema.Value{schema.Method, schema.Route, schema.Status}
	counter := in.rate(f, suffix, by...)
	latency, ok := in.schema.Fallback()
	if with := in.schema.Select(latency, in.Schemas).With; !ok || with != nil && hasRoutes(f) {
		return in.otherwise(counter) // which is always there
	}
	return in.counted(f, latency, counter, in.rate(latency, "_count", by...))
}

// counted counts each job by its counter, or by the count of its latency if it has no
// counter, or if only the latency has a route.
func (in recorder) counted(f, latency schema.Family, counter, count string) string {
	jobs := func(f schema.Family, suffix string, routed bool) string {
		picked := in.schema.Select(f, in.Schemas)
		if route, ok := f.Label(schema.Route); ok && routed && !slices.Contains(picked.Require, route.Name) {
			picked.Require = append(slices.Clone(picked.Require), route.Name)
		}
		return "group by (job) (" + series(f.Name+suffix, matchers(picked)) + ")"
	}
	if hasRoutes(f) || !routes(latency) {
		return counter + "\nor\n" + grouped(count) + " unless on (job) " + jobs(f, "", false)
	}
	poorer := "(" + jobs(latency, "_count", true) + " unless on (job) " + jobs(f, "", true) + ")"
	return grouped(counter) + " unless on (job) " + poorer +
		"\nor\n" + grouped(count) + " unless on (job) (" + jobs(f, "", false) + " unless on (job) " + poorer + ")"
}

// grouped puts parentheses around an expression with operators.
func grouped(expr string) string {
	if strings.Contains(expr, " on (job) ") {
		return "(" + expr + ")"
	}
	return expr
}

func routes(f schema.Family) bool {
	_, ok := f.Label(schema.Route)
	return ok
}

func (in recorder) buckets() string {
	if f := in.schema.Duration; f.Name != "" && f.Kind == schema.Histogram {
		return in.otherwise(inSeconds(f, in.rate(f, "_bucket", schema.Method, schema.Route)))
	}
	return ""
}

func (in recorder) seconds() string {
	if f := in.schema.Duration; f.Name != "" {
		expr := in.rate(f, "_sum", schema.Method, schema.Route)
		if e := f.Exponent(); e != 0 {
			expr += fmt.Sprintf(" * 1e%d", e)
		}
		return in.otherwise(expr)
	}
	return ""
}

// inSeconds converts the bounds of buckets in another unit: 250 milliseconds are 250e-3 seconds.
// Prometheus writes bounds from a million on with an exponent.
func inSeconds(f schema.Family, expr string) string {
	e := f.Exponent()
	if e == 0 {
		return expr
	}
	for _, written := range []int{6, 7} {
		expr = fmt.Sprintf(`label_replace(%s, "le", "${1}e%d", "le", "([0-9.]+)e[+]0%d")`, expr, written+e, written)
	}
	return fmt.Sprintf(`label_replace(%s, "le", "${1}e%d", "le", "([0-9.]+)")`, expr, e)
}

// otherwise leaves out the RPCs that tacho itself has counted as requests of the same job, as
// tachogrpc does beside the usual families of gRPC.
func (in recorder) otherwise(expr string) string {
	own := schema.Default().Name
	if !in.schema.RPC || !slices.ContainsFunc(in.Schemas, func(s schema.Schema) bool { return s.Name == own }) {
		return expr
	}
	return expr + "\nunless on (job, path) " + Requests + `{schema="` + own + `"}`
}

func (in recorder) inFlight() string {
	f := in.schema.InFlight
	if f.Name == "" {
		return ""
	}
	s := in.schema.Select(f, in.Schemas)
	name, matchers := f.Name, matchers(s)
	if f.Kind == schema.Summary { // Micrometer's: a count under one of three names
		name, matchers = "", append([]string{`__name__=~"` + f.Name + `_(count|gcount|active_count)"`}, matchers...)
	}
	return "sum by (job) (" + series(name, matchers) + ")" + beside(s)
}

// called maps values to the label names of recorded metrics.
var called = map[schema.Value]string{schema.Method: "method", schema.Route: "path", schema.Status: "status"}

// rate is the family's rate by the given values, under the names of called.
func (in recorder) rate(f schema.Family, suffix string, by ...schema.Value) string {
	picked := in.schema.Select(f, in.Schemas)
	theirs, ours, renamed := columns(f, by)
	if suffix == "_bucket" {
		theirs, ours = append(theirs, "le"), append(ours, "le")
	}
	var sums []string
	for _, s := range in.spans() {
		selected := matchers(picked)
		if s.jobs != "" {
			selected = append(selected, s.jobs)
		}
		sums = append(sums, fmt.Sprintf("sum by (%s) (rate(%s[%s]))", strings.Join(theirs, ", "), series(f.Name+suffix, selected), promQL(s.window)))
	}
	expr := strings.Join(sums, " or ")
	if len(sums) > 1 {
		expr = "(" + expr + ")"
	}
	if route, _ := f.Label(schema.Route); route.Join != nil {
		expr = join(expr, route.Join)
		if len(renamed) == 0 { // rename sums up otherwise
			expr = "sum by (" + strings.Join(ours, ", ") + ") (" + expr + ")"
		}
	}
	return rename(expr, renamed, ours, hasRoutes(f)) + beside(picked)
}

// join gives the series of RPCs their route, as schema.LabelName.RouteOf does. They have no path yet, so
// that the route begins with a slash.
func join(expr string, labels []string) string {
	expr = fmt.Sprintf(`label_join(%s, "path", "/", "path", "%s")`, expr, strings.Join(labels, `", "`))
	if len(labels) == 1 {
		return expr
	}
	return fmt.Sprintf(`label_replace(%s, "path", "$1", "path", "/(unmatched|unknown)/.*")`, expr)
}

// columns are the labels of the values in the family and in the recorded metric, and
// the pairs that differ. There is always a path.
func columns(f schema.Family, by []schema.Value) (theirs, ours []string, renamed [][2]string) {
	theirs, ours = []string{"job"}, []string{"job"}
	for _, v := range by {
		name, l := called[v], label(f, v)
		if l.Join != nil {
			theirs, ours = append(theirs, l.Join...), append(ours, name)
			continue
		}
		theirs = append(theirs, l.Names()...)
		if l.Name != "" || v == schema.Route {
			ours = append(ours, name)
		}
		for _, other := range l.Names() {
			if other != name {
				renamed = append(renamed, [2]string{other, name})
			}
		}
	}
	return theirs, ours, renamed
}

// label returns the label for v; a status may be a class of statuses.
func label(f schema.Family, v schema.Value) schema.LabelName {
	if v == schema.Status {
		l, _ := f.StatusLabel()
		return l
	}
	l, _ := f.Label(v)
	return l
}

// hasRoutes reports whether every selected series of the family has a route.
func hasRoutes(f schema.Family) bool {
	l, ok := f.Label(schema.Route)
	return ok && !l.Optional
}

// rename gives the summed series our labels, and a path to those without one. It
// works on sums, which are few, not on scraped series.
func rename(expr string, renamed [][2]string, ours []string, hasRoutes bool) string {
	for _, r := range renamed {
		expr = fmt.Sprintf("label_replace(%s, %q, \"$1\", %q, \"(.+)\")", expr, r[1], r[0]) // never over another name's value
	}
	if !hasRoutes {
		expr = fmt.Sprintf("label_replace(%s, \"path\", \"unknown\", \"path\", \"\")", expr)
	}
	if len(renamed) == 0 {
		return expr
	}
	return "sum by (" + strings.Join(ours, ", ") + ") (" + expr + ")"
}

// series is a metric with its matchers.
func series(name string, matchers []string) string {
	if len(matchers) == 0 {
		return name
	}
	return name + "{" + strings.Join(matchers, ",") + "}"
}

func matchers(s schema.Selector) (all []string) {
	for _, l := range slices.Sorted(slices.Values(s.Require)) {
		all = append(all, l+`!=""`)
	}
	for _, l := range slices.Sorted(slices.Values(s.Absent)) {
		all = append(all, l+`=""`)
	}
	return all
}

// beside keeps the jobs that have, or have not, the counter by which schemas
// with the same labels are told apart, and leaves out those that another schema
// counts by route.
func beside(s schema.Selector) string {
	clause := func(op string, o *schema.Selector) string {
		if o == nil {
			return ""
		}
		return " " + op + " on (job) group by (job) (" + series(o.Family.Name, matchers(*o)) + ")"
	}
	return clause("and", s.With) + clause("unless", s.Without) + deferring(s)
}

func deferring(s schema.Selector) string {
	if len(s.DeferTo) == 0 {
		return ""
	}
	clause := " unless on (job) (group by (job) (" + anySeries(s.DeferTo) + ")"
	if len(s.Own) > 0 {
		clause += " unless on (job) group by (job) (" + anySeries(s.Own) + ")"
	}
	return clause + ")"
}

// anySeries selects the series of any of the families.
func anySeries(all []schema.Selector) string {
	var each []string
	for _, s := range all {
		name := s.Family.Name
		if s.Family.Kind != schema.Counter {
			name += "_count"
		}
		each = append(each, series(name, matchers(s)))
	}
	return strings.Join(each, " or ")
}
