package slo

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

// UnitTests writes a file of promtool's unit tests for the rules of [Rules] in ruleFile, whose path is
// relative to the tests. Every alert is seen to fire just above its threshold and to be silent just
// below it; those that page are also seen to end. Objectives whose queries are too unusual to make
// series for are left out, and named in a comment.
//
// The rules are evaluated every third interval only, in a third of the time. Nothing is lost: windows are read
// from the service's series, which have a sample each interval, and the increases of four intervals still
// find a rate that was recorded before them, in whatever order promtool evaluates the groups.
func UnitTests(o Options, ruleFile string, objectives ...Objective) ([]byte, error) {
	o = o.filled()
	all, err := checked(objectives)
	if err != nil {
		return nil, err
	}
	file := testFile{RuleFiles: []string{ruleFile}, Every: windowText(3 * o.Interval)}
	var skipped []string
	for _, objective := range all {
		m, err := o.measure(objective)
		if err != nil {
			return nil, objective.wrap(err)
		}
		load, err := m.load()
		if err != nil {
			skipped = append(skipped, fmt.Sprintf("# No tests of %s of %s: %v.\n", m.Name, m.Service, err))
			continue
		}
		file.Tests = append(file.Tests, m.tests(load)...)
	}
	var text bytes.Buffer
	text.WriteString(strings.Join(skipped, ""))
	out := yaml.NewEncoder(&text)
	out.SetIndent(2)
	if err := out.Encode(file); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// The parts of a file of promtool's unit tests.
type (
	testFile struct {
		RuleFiles []string   `yaml:"rule_files"`
		Every     string     `yaml:"evaluation_interval"`
		Tests     []testCase `yaml:"tests"`
	}
	testCase struct {
		Name     string       `yaml:"name"`
		Interval string       `yaml:"interval"`
		Series   []testSeries `yaml:"input_series"`
		Exprs    []testExpr   `yaml:"promql_expr_test"`
	}
	testSeries struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	testExpr struct {
		Expr    string       `yaml:"expr"`
		At      string       `yaml:"eval_time"`
		Samples []testSample `yaml:"exp_samples,omitempty"`
	}
	testSample struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	}
)

// tests are those of one objective.
func (m measured) tests(l load) (all []testCase) {
	for _, p := range m.pairs {
		if m.severity(p).Disable {
			continue
		}
		at := m.settled()
		limit := m.limit(p)
		all = append(all, m.test(l, "above the threshold of "+windowText(p.Long), times(limit, 101), at, at, m.fires(p, at)))
		all = append(all, m.test(l, "below the threshold of "+windowText(p.Long), times(limit, 99), at, at, m.silent(p, at)))
		if p.Severity == rules.Critical {
			end := at + p.Short + m.base(m.Service) + m.coarse()
			all = append(all, m.test(l, "after the burning of "+windowText(p.Long), times(limit, 101), at, end, m.fires(p, at), m.silent(p, end)))
		}
	}
	at := m.settled()
	all = append(all, m.test(l, "no requests", nil, at, at, m.left(1, at)))
	if !m.Alerting.NoMissing {
		gone := testCase{Name: m.Name + ": no metric", Interval: windowText(m.Interval), Exprs: []testExpr{
			m.alert(MissingAlert, "", m.Missing-m.Interval), m.alert(MissingAlert, "", m.Missing+3*m.Interval, 1),
		}}
		gone.Series = []testSeries{{`up{job="tacho_slo_test"}`, "1x10"}}
		all = append(all, gone)
	}
	return all
}

// settled is when every window has data.
func (m measured) settled() time.Duration { return max(12*m.Interval, 2*m.base(m.Service)) }

func times(limit *big.Rat, hundredths int64) *big.Rat {
	return new(big.Rat).Mul(limit, big.NewRat(hundredths, 100))
}

// test burns at a rate until a time, and stops then. No burn is no traffic.
func (m measured) test(l load, name string, burn *big.Rat, until, end time.Duration, want ...testExpr) testCase {
	steps, after := int(until/m.Interval), int((end-until)/m.Interval)
	bad := new(big.Rat)
	per := big.NewRat(0, 1)
	if burn != nil {
		per = big.NewRat(1e6, 1)
		bad.Mul(per, burn).Mul(bad, big.NewRat(int64(m.Target.Budget()), int64(one)))
	}
	good := new(big.Rat).Sub(per, bad)
	return testCase{m.Name + ": " + name, windowText(m.Interval), l.series(per, good, bad, steps, after), want}
}

// fires and silent expect the alert of a pair.
func (m measured) fires(p Pair, at time.Duration) testExpr {
	return m.alert(m.alertName(), windowText(p.Long), at, 1)
}

func (m measured) silent(p Pair, at time.Duration) testExpr {
	return m.alert(m.alertName(), windowText(p.Long), at)
}

func (m measured) alertName() string {
	if m.Alerting.Name != "" {
		return m.Alerting.Name
	}
	return BurnAlert
}

func (m measured) alert(name, window string, at time.Duration, want ...float64) testExpr {
	matchers := []string{fmt.Sprintf("alertname=%q", name), `alertstate="firing"`}
	if window != "" {
		matchers = append(matchers, fmt.Sprintf("window=%q", window))
	}
	e := testExpr{Expr: "count(" + m.recorded("ALERTS", matchers...) + ")", At: windowText(at)}
	for _, v := range want {
		e.Samples = append(e.Samples, testSample{"{}", v})
	}
	return e
}

// left expects a part of the budget.
func (m measured) left(value float64, at time.Duration) testExpr {
	return testExpr{"sum(" + m.recorded(Budget) + ")", windowText(at), []testSample{{"{}", value}}}
}

// A load makes the series that an objective counts.
type load struct {
	total, part labels.Labels
	partIsBad   bool // the bad events have a query, else the good ones
	within      bool // total's query also counts part
}

// series are a total and a part that grow per step, and then only the good ones.
func (l load) series(per, good, bad *big.Rat, steps, after int) []testSeries {
	part, rest := good, bad
	if l.partIsBad {
		part, rest = bad, good
	}
	whole, wholeAfter := per, per
	partAfter := per
	if l.partIsBad {
		partAfter = new(big.Rat)
	}
	if l.within {
		whole, wholeAfter = rest, new(big.Rat).Sub(per, partAfter)
	}
	return []testSeries{
		{l.total.String(), growth(whole, wholeAfter, steps, after)},
		{l.part.String(), growth(part, partAfter, steps, after)},
	}
}

// growth writes a counter that grows by first for some steps, and by then for some more.
func growth(first, then *big.Rat, steps, after int) string {
	values := fmt.Sprintf("0+%sx%d", text(first), steps)
	if after > 0 {
		begin := new(big.Rat).Mul(first, big.NewRat(int64(steps), 1))
		values += fmt.Sprintf(" %s+%sx%d", text(begin.Add(begin, then)), text(then), after)
	}
	return values
}

// load finds series for the objective's queries.
func (m measured) load() (l load, err error) {
	of := m.events
	if m.HTTP != nil {
		if of, err = m.plain(); err != nil {
			return l, err
		}
	}
	if strings.Contains(of.Total.Template, "_over_time(") {
		return l, fmt.Errorf("it counts samples of a gauge")
	}
	part := of.Good
	if l.partIsBad = of.Good.Template == ""; l.partIsBad {
		part = of.Bad
	}
	counted, err := selectorIn(of.Total)
	if err != nil {
		return l, err
	}
	picked, err := selectorIn(part)
	if err != nil {
		return l, err
	}
	if l.part, err = example(picked, nil); err != nil {
		return l, err
	}
	l.within = matches(counted, l.part)
	l.total, err = example(counted, picked)
	return l, err
}

// plain are the queries of a schema that needs no other series.
func (m measured) plain() (*Events, error) {
	for _, s := range m.Schemas {
		if f, _ := s.Counter(); m.HTTP.Below > 0 || f.Name == "" {
			if f = s.Duration; f.Name == "" {
				continue
			}
		} else if _, besides := rules.Select(s, f, m.Schemas); besides != "" {
			continue
		}
		if e, err := m.HTTP.events(m.Service, []schema.Schema{s}, []schema.Schema{s}); err == nil {
			return e, nil
		}
	}
	return nil, fmt.Errorf("no schema counts its requests by itself")
}

// selectorIn is the first selector in a query.
func selectorIn(q Query) (found []*labels.Matcher, err error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(q.over(time.Hour))
	if err != nil {
		return nil, err
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok && found == nil {
			found = v.LabelMatchers
		}
		return nil
	})
	if found == nil {
		return nil, fmt.Errorf("a query selects no metric")
	}
	return found, nil
}

func matches(all []*labels.Matcher, series labels.Labels) bool {
	return !slices.ContainsFunc(all, func(m *labels.Matcher) bool { return !m.Matches(series.Get(m.Name)) })
}

// example is a series that all matchers select, and that others do not, if there are any.
func example(all, others []*labels.Matcher) (labels.Labels, error) {
	b := labels.NewBuilder(labels.EmptyLabels())
	names := map[string]bool{}
	for _, m := range slices.Concat(all, others) {
		names[m.Name] = true
	}
	for name := range names {
		value, ok := valueFor(name, all, others)
		if !ok {
			return labels.EmptyLabels(), fmt.Errorf("no value of the label %s is known that its query selects", name)
		}
		b.Set(name, value)
	}
	return b.Labels(), nil
}

// usual are values of labels to try.
var usual = []string{"", "200", "500", "2xx", "5xx", "GET", "OK", "Internal", "0", "13", "/", "a"}

// valueFor is a value of a label that all matchers accept; one that others do not if possible.
func valueFor(name string, all, others []*labels.Matcher) (string, bool) {
	candidates := slices.Clone(usual)
	for _, m := range slices.Concat(all, others) {
		if m.Name == name {
			candidates = append(candidates, valuesOf(m.Value)...)
		}
	}
	accepts := func(matchers []*labels.Matcher, value string) bool {
		return !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return m.Name == name && !m.Matches(value) })
	}
	for _, want := range []bool{false, true} {
		for _, c := range candidates {
			if accepts(all, c) && (accepts(others, c) == want || want) {
				return c, true
			}
		}
	}
	return "", false
}

// valuesOf guesses values that a regular expression matches: its alternatives, with a digit for a dot.
func valuesOf(pattern string) (all []string) {
	for _, part := range strings.Split(strings.Trim(pattern, "()^$"), "|") {
		all = append(all, part, strings.NewReplacer("[.]", ".", `\.`, ".", ".*", "x", ".+", "x", ".", "0").Replace(part))
	}
	return all
}
