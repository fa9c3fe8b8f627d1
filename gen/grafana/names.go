package grafana

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/schema"
)

// window is the range of every rate. Grafana makes it at least four scrapes.
const window = "[$__rate_interval]"

// chosen are the matchers of the variables that every query has.
var chosen = []string{`job=~"$job"`, `instance=~"$instance"`}

// selector is a metric with the chosen jobs and instances and further matchers.
func selector(name string, more ...string) string {
	return name + "{" + strings.Join(slices.Concat(chosen, more), ",") + "}"
}

func rate(name string, more ...string) string {
	return "rate(" + selector(name, more...) + window + ")"
}

// sum aggregates an expression.
func sum(expr string, by ...string) string {
	if len(by) == 0 {
		return "sum(" + expr + ")"
	}
	return "sum by (" + strings.Join(by, ", ") + ") (" + expr + ")"
}

// A naming writes expressions about the requests of one schema.
type naming struct {
	Options
	routed   bool // the chosen route only
	outgoing bool // the schema's families are those of outgoing requests
}

// reads reports which forms of a histogram exist: of a running service, those that it exports.
func (n naming) reads(f schema.Family) (classic, native bool) {
	classic, native = n.Histograms != Native, n.Histograms != Classic
	if seen, ok := n.Live.Family(f.Name); ok && (seen.Classic || seen.Native) {
		// A service with both is stored in either form, as the server is configured.
		classic, native = classic && seen.Classic, native && seen.Native
	}
	return classic, native
}

// own are the matchers that select the family's series of this schema, and of the chosen route.
func (n naming) own(f schema.Family) (all []string) {
	picked := n.Schema.Select(f, nil)
	if n.Live != nil { // it has one library; two of them share no job
		picked.Absent = nil
	}
	if picked.Require = slices.Clone(picked.Require); n.routed {
		if l, ok := f.Label(schema.Route); ok {
			all = append(all, n.routeMatchers(l)...)
		}
	}
	if host, ok := f.Label(schema.Host); ok && n.outgoing { // the families of two schemas have the same name
		picked.Require = append(picked.Require, host.Name)
	}
	slices.Sort(picked.Require)
	for _, l := range picked.Require {
		all = append(all, l+`!=""`)
	}
	slices.Sort(picked.Absent)
	for _, l := range picked.Absent {
		all = append(all, l+`=""`)
	}
	return all
}

// routeMatchers select the chosen route; that of an RPC has two variables.
func (n naming) routeMatchers(l schema.LabelName) (all []string) {
	for _, v := range routeVariables(l) {
		all = append(all, v.label+`=~"$`+v.name+`"`)
	}
	return all
}

// A routeVariable is a variable of the dashboard for a label of the route.
type routeVariable struct{ name, label string }

// routeVariables are those of a label: route, and before it those of the labels that it is joined with.
func routeVariables(l schema.LabelName) (all []routeVariable) {
	labels := l.Join
	if labels == nil {
		labels = []string{l.Name}
	}
	for _, before := range labels[:len(labels)-1] {
		all = append(all, routeVariable{before, before})
	}
	return append(all, routeVariable{"route", labels[len(labels)-1]})
}

// counter is the family that counts requests, and the suffix of its name.
func (n naming) counter() (schema.Family, string) { return n.Schema.Counter() }

// requests is the rate of requests by labels. Each further matcher is an alternative: of a status that has
// one of several names, one is there.
func (n naming) requests(by []string, either ...string) string {
	if len(either) == 0 {
		return sum(n.events(), by...)
	}
	var all []string
	for _, matcher := range either {
		all = append(all, n.events(matcher))
	}
	return sum(strings.Join(all, "\n  or "), by...)
}

// events is the rate of each series of requests.
func (n naming) events(more ...string) string {
	f, suffix := n.counter()
	if suffix != "" {
		return n.counted(f, more...)
	}
	own := n.own(f)
	expr := rate(f.Name, slices.Concat(own, more)...)
	latency, ok := n.Schema.Fallback()
	if !ok || n.Live != nil || n.outgoing || f.Kind != schema.Counter {
		return expr
	}
	// Services that have only the latency are counted by it.
	return expr + " or (" + rate(latency.Name+"_count", slices.Concat(n.own(latency), more)...) +
		" unless on (job) " + selector(f.Name, own...) + ")"
}

// counted is the rate of a histogram's observations.
func (n naming) counted(f schema.Family, more ...string) string {
	own := slices.Concat(n.own(f), more)
	classic, native := n.reads(f)
	whole := "histogram_count(" + rate(f.Name, own...) + ")"
	switch {
	case !native || f.Kind != schema.Histogram:
		return rate(f.Name+"_count", own...)
	case !classic:
		return whole
	}
	return rate(f.Name+"_count", own...) + " or (" + whole + " unless on (job, instance) " + selector(f.Name+"_count", n.own(f)...) + ")"
}

// quantile is a quantile of a histogram by labels.
func (n naming) quantile(q string, f schema.Family, by ...string) string {
	own := n.own(f)
	classic, native := n.reads(f)
	ofBuckets := "histogram_quantile(" + q + ", " + sum(rate(f.Name+"_bucket", own...), append(slices.Clone(by), "le")...) + ")"
	ofWhole := "histogram_quantile(" + q + ", " + sum(rate(f.Name, own...), by...) + ")"
	return either(classic, ofBuckets, native, ofWhole)
}

// mean is the mean of a histogram or a summary by labels.
func (n naming) mean(f schema.Family, by ...string) string {
	own := n.own(f)
	classic, native := n.reads(f)
	if f.Kind == schema.Summary {
		classic, native = true, false
	}
	ofSums := sum(rate(f.Name+"_sum", own...), by...) + " / " + sum(rate(f.Name+"_count", own...), by...)
	whole := sum(rate(f.Name, own...), by...)
	return either(classic, ofSums, native, "histogram_sum("+whole+") / histogram_count("+whole+")")
}

// buckets is the growth of a histogram's buckets, for a heatmap.
func (n naming) buckets(f schema.Family) string {
	own := n.own(f)
	classic, native := n.reads(f)
	bounds := sum("increase("+selector(f.Name+"_bucket", own...)+window+")", "le")
	whole := sum("increase(" + selector(f.Name, own...) + window + ")")
	if classic && native {
		whole += " unless on () " + sum(rate(f.Name+"_bucket", own...))
	}
	return either(classic, bounds, native, whole)
}

func either(classic bool, a string, native bool, b string) string {
	switch {
	case classic && native:
		return a + "\nor " + b
	case native:
		return b
	}
	return a
}

// failed is the rate of failed requests by labels, 0 without any.
func (n naming) failed(by ...string) string {
	f, _ := n.counter()
	l, ok := f.StatusLabel()
	if !ok {
		return ""
	}
	var matchers []string
	for _, name := range l.Names() {
		matchers = append(matchers, name+`=~"${errors:raw}"`)
	}
	return n.requests(by, matchers...) + "\nor 0 * " + n.requests(by)
}

// errors is the expression for the statuses of failures. Only names that hand-written code has made common,
// and RPCs, have other statuses than numbers and their classes.
func (n naming) errors() string {
	if n.Schema.RPC || n.Schema.Name == schema.Default().Name {
		return schema.ErrorStatus
	}
	return "5.."
}

// errorRatio is the share of failed requests by labels, or "" without a status.
func (n naming) errorRatio(by ...string) string {
	failed := n.failed(by...)
	if failed == "" {
		return ""
	}
	return "(" + failed + ")\n/ " + n.requests(by)
}

// labels returns the names of labels of the family that counts requests, and how a legend shows them.
func (n naming) labels(values ...schema.Value) (names []string, legend string) {
	f, _ := n.counter()
	return labelsOf(f, values...)
}

func labelsOf(f schema.Family, values ...schema.Value) (names []string, legend string) {
	var words []string
	for _, v := range values {
		l, ok := f.Label(v)
		if v == schema.Status {
			l, ok = f.StatusLabel()
		}
		if !ok {
			continue
		}
		if l.Join != nil {
			names = append(names, l.Join...)
			words = append(words, "/{{"+strings.Join(l.Join, "}}/{{")+"}}")
			continue
		}
		names = append(names, l.Names()...)
		words = append(words, "{{"+strings.Join(l.Names(), "}}{{")+"}}")
	}
	return names, strings.Join(words, " ")
}

// anyOf selects the series of the counter in either form, for the values of a variable.
func (n naming) anyOf(matchers ...string) string {
	f, suffix := n.counter()
	names := f.Name + suffix
	if suffix != "" && f.Kind == schema.Histogram {
		if classic, native := n.reads(f); classic && native {
			names += "|" + f.Name
		} else if native {
			names = f.Name
		}
	}
	if latency, ok := n.Schema.Fallback(); ok && n.Live == nil {
		names += "|" + latency.Name + "_count"
	}
	all := slices.Concat(matchers, n.own(f))
	switch {
	case !strings.Contains(names, "|") && len(all) == 0:
		return names
	case !strings.Contains(names, "|"):
		return names + "{" + strings.Join(all, ",") + "}"
	}
	return fmt.Sprintf("{%s}", strings.Join(append([]string{`__name__=~"` + names + `"`}, all...), ","))
}
