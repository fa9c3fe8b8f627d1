package slo

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

// placeholder stands for the window in templates, as in Sloth's files.
const placeholder = "{{.window}}"

// events are the queries of an HTTP objective: those of each schema in use, of which the first with data
// counts. A service that exports two schemas during a migration counts once. Selectors tell the schemas
// apart from all others, so that the queries of a schema do not depend on which are in use.
func (h HTTP) events(job string, used, among []schema.Schema) (*Events, error) {
	var total, good, bad []string
	for _, s := range used {
		in := counting{h, job, s, among}
		if h.Below > 0 {
			total, good = append(total, in.measured()...), append(good, in.fast()...)
		} else {
			t, b := in.requests()
			total, bad = append(total, t...), append(bad, b...)
		}
	}
	if len(total) == 0 {
		return nil, errors.New(h.unmet())
	}
	return &Events{Total: anyOf(total), Good: anyOf(good), Bad: anyOf(bad)}, nil
}

// unmet explains that no schema has all the labels.
func (h HTTP) unmet() string {
	if h.Below > 0 {
		return "no schema in use has a latency histogram with the labels that the objective names"
	}
	return "no schema in use counts requests by status with the labels that the objective names"
}

func anyOf(queries []string) Query { return Query{Template: strings.Join(queries, "\nor ")} }

// counting writes the queries of one schema.
type counting struct {
	HTTP
	job    string
	schema schema.Schema
	among  []schema.Schema
}

// requests are the queries for all requests and for those that failed.
func (in counting) requests() (total, bad []string) {
	f, suffix := in.schema.Counter()
	status, known := f.StatusLabel()
	if f.Name == "" || !known {
		return nil, nil
	}
	for _, m := range in.matchers(f) {
		total = append(total, in.increase(f, suffix, append(slices.Clone(m), not(status, in.gone())...)))
		for _, name := range status.Names() {
			bad = append(bad, in.increase(f, suffix, append(slices.Clone(m), name+`=~"`+in.failed()+`"`)))
		}
	}
	return total, bad
}

// measured are the queries for all requests with a latency: of the classic histogram, or else of the
// native one.
func (in counting) measured() (all []string) {
	f := in.schema.Duration
	if f.Name == "" || f.Kind != schema.Histogram {
		return nil
	}
	for _, m := range in.matchers(f) {
		m = append(m, in.successful(f)...)
		all = append(all, in.increase(f, "_count", m), "histogram_count("+in.increase(f, "", m)+")")
	}
	return all
}

// fast are the queries for the requests below the limit. A bound that the classic histogram does not
// have selects nothing; the native one interpolates.
func (in counting) fast() (all []string) {
	f := in.schema.Duration
	if f.Name == "" || f.Kind != schema.Histogram {
		return nil
	}
	limit := in.limit(f)
	for _, m := range in.matchers(f) {
		m = append(m, in.successful(f)...)
		native := in.increase(f, "", m)
		all = append(all, in.increase(f, "_bucket", append(slices.Clone(m), le(limit))),
			fmt.Sprintf("histogram_fraction(0, %s, %s) * histogram_count(%s)", text(limit), native, native))
	}
	return all
}

// limit is the latency limit in the family's unit.
func (in counting) limit(f schema.Family) *big.Rat {
	limit := big.NewRat(int64(in.Below), 1e9)
	for range -f.Exponent() {
		limit.Mul(limit, big.NewRat(10, 1))
	}
	return limit
}

// le selects the bucket of a bound. Prometheus 3 writes 1 as 1.0, and older ones as the service does.
func le(limit *big.Rat) string {
	bound := text(limit)
	if !strings.Contains(bound, ".") {
		f, _ := limit.Float64()
		if short := strconv.FormatFloat(f, 'g', -1, 64); short != bound { // 1e+06
			return `le=~"` + bound + `|` + bound + `[.]0|` + strings.ReplaceAll(short, "+", "[+]") + `"`
		}
		return `le=~"` + bound + `|` + bound + `[.]0"`
	}
	return `le="` + bound + `"`
}

// successful leaves out failed requests and those whose client disconnected, if the family has a status.
func (in counting) successful(f schema.Family) []string {
	status, known := f.StatusLabel()
	if !known {
		return nil
	}
	return not(status, in.failed()+"|"+in.gone())
}

// not are matchers against the values of a label and its aliases.
func not(l schema.LabelName, values string) (all []string) {
	for _, name := range l.Names() {
		all = append(all, name+`!~"`+values+`"`)
	}
	return all
}

// increase is the increase of a family within a window, for the whole job.
func (in counting) increase(f schema.Family, suffix string, matchers []string) string {
	selected, beside := rules.Select(in.schema, f, in.among)
	all := append([]string{"job=" + strconv.Quote(in.job)}, matchers...)
	for _, m := range selected {
		if !slices.ContainsFunc(all, func(other string) bool { return narrows(other, m) }) {
			all = append(all, m)
		}
	}
	return "sum by (job) (increase(" + f.Name + suffix + "{" + strings.Join(all, ",") + "}[" + placeholder + "]))" + beside
}

// narrows reports whether a matcher for one value makes the matcher label!="" superfluous.
func narrows(one, notEmpty string) bool {
	label, ok := strings.CutSuffix(notEmpty, `!=""`)
	return ok && strings.HasPrefix(one, label+`="`)
}

// matchers are the alternatives of matchers for the method, the route and other labels: one for each
// combination of the names that services use. There are none if the family lacks a label.
func (in counting) matchers(f schema.Family) [][]string {
	all := [][]string{nil}
	for _, m := range in.Matchers {
		all = each(all, [][]string{{m.Label + "=" + strconv.Quote(m.Value)}})
	}
	for _, want := range []struct {
		of    schema.Value
		value string
	}{{schema.Method, in.Method}, {schema.Route, in.Route}} {
		if want.value != "" {
			all = each(all, named(f, want.of, want.value))
		}
	}
	return all
}

// named are the matchers of a value under each of its label's names.
func named(f schema.Family, of schema.Value, value string) (all [][]string) {
	l, ok := f.Label(of)
	switch {
	case !ok:
		return nil
	case l.Join != nil:
		names, values := l.Labels(value)
		if len(names) != len(l.Join) {
			return nil
		}
		var m []string
		for i, name := range names {
			m = append(m, name+"="+strconv.Quote(values[i]))
		}
		return [][]string{m}
	}
	for _, name := range l.Names() {
		all = append(all, []string{name + "=" + strconv.Quote(value)})
	}
	return all
}

// each combines alternatives.
func each(all, with [][]string) (combined [][]string) {
	for _, a := range all {
		for _, w := range with {
			combined = append(combined, append(slices.Clone(a), w...))
		}
	}
	return combined
}
