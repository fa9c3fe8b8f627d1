package tachotest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A mismatch is an expectation that does not hold, as lines of
//
//	want http_requests_total{method="GET",path="/",status="200"} 1
//	 got http_requests_total{method="GET",path="/",status="200"} 2 (from 3 to 5)
//	also http_requests_total{method="GET",path="/",status="500"} 1
type mismatch struct {
	text  string
	final bool // waiting does not help: a counter that is too high never falls
}

// allFinal reports whether waiting helps none of them.
func allFinal(all []mismatch) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(c mismatch) bool { return !c.final })
}

// maxSamples and maxNames limit how many samples and names a mismatch lists.
const (
	maxSamples = 8
	maxNames   = 3
)

type expectations []expectation

// mismatches returns a mismatch for each expectation that does not hold.
func (all expectations) mismatches(c changes) (list []mismatch) {
	for _, e := range all {
		if x := e.check(c); x.text != "" {
			list = append(list, x)
		}
	}
	return list
}

func (e expectation) check(c changes) mismatch {
	want, matched := "want "+e.String()+"\n", c.matching(e.selector)
	switch {
	case len(matched) == 0:
		return mismatch{text: want + e.nearMisses(c)}
	case matched.sumIs(e.value):
		return mismatch{}
	}
	return mismatch{
		text:  want + e.gotInstead(matched) + e.otherChanges(c),
		final: matched.sum() > e.value && matched.neverFall(),
	}
}

// gotInstead lists the samples of the selector with their actual values.
func (s selector) gotInstead(matched changes) string {
	if len(matched) == 1 {
		return matched.lines(" got")
	}
	return " got " + s.String() + " " + number(matched.sum()) + "\n" + matched.changed().lines("  of")
}

// otherChanges lists other changed samples of the same name.
func (s selector) otherChanges(c changes) string {
	return c.changed().filter(func(x change) bool { return x.name == s.name && !s.matches(x.sample) }).sortedByMatch(s).lines("also")
}

// nearMisses lists what exists in place of a missing sample.
func (s selector) nearMisses(c changes) string {
	named := c.filter(func(x change) bool { return x.name == s.name })
	parts := c.filter(func(x change) bool { return x.metric == s.name })
	switch {
	case len(named) > 0 && len(named.changed()) > 0:
		return " got no such sample, but:\n" + named.changed().sortedByMatch(s).lines("")
	case len(named) > 0:
		return " got no such sample; these have not changed:\n" + named.sortedByMatch(s).lines("")
	case len(parts) > 0:
		return " no sample has that name; the metric consists of " + strings.Join(parts.names(), ", ") + "\n"
	case len(c) > 0:
		return " no metric has that name; similar names: " + strings.Join(c.similarNames(s.name), ", ") + "\n"
	}
	return " got no metrics\n"
}

// unexpected returns mismatches for changed samples that have the name of an expectation but
// match none.
func (all expectations) unexpected(c changes) (list []mismatch) {
	var done []string
	for _, e := range all {
		if slices.Contains(done, e.name) {
			continue
		}
		done = append(done, e.name)
		rest := c.changed().filter(func(x change) bool { return x.name == e.name && !all.match(x) })
		list = append(list, rest.mismatches("nothing else of "+e.name)...)
	}
	return list
}

func (all expectations) match(x change) bool {
	return slices.ContainsFunc(all, func(e expectation) bool { return e.matches(x.sample) })
}

// changedSamples returns a mismatch if a sample of the selector has changed.
func (s selector) changedSamples(c changes) []mismatch {
	moved := c.changed().filter(func(x change) bool {
		if x.name == x.metric+"_count" && s.name == x.metric {
			x.name = x.metric // a histogram has changed if its count has
		}
		return s.matches(x.sample)
	})
	return moved.mismatches("no change of " + s.String())
}

// mismatches returns a mismatch if there are any changes.
func (c changes) mismatches(want string) []mismatch {
	if len(c) == 0 {
		return nil
	}
	grown := func(x change) bool { return x.neverFalls && x.delta() > 0 }
	return []mismatch{{"want " + want + "\n" + c.lines(" got"), slices.ContainsFunc(c, grown)}}
}

// lines formats the first samples, one per line, with head before the first one.
func (c changes) lines(head string) string {
	var b strings.Builder
	for _, x := range c[:min(len(c), maxSamples)] {
		fmt.Fprintf(&b, "%4s %s\n", head, x)
		head = ""
	}
	if more := len(c) - maxSamples; more > 0 {
		fmt.Fprintf(&b, "     and %d more\n", more)
	}
	return b.String()
}

// String includes by how much the sample has changed.
func (c change) String() string {
	line := c.text + " " + number(c.delta())
	switch {
	case c.delta() == 0 && c.before != 0:
		line += " (still " + number(c.value) + ")"
	case c.before != 0:
		line += " (from " + number(c.before) + " to " + number(c.value) + ")"
	}
	return line
}

// similarNames returns the names that are most similar to a name.
func (c changes) similarNames(name string) []string {
	all := c.names()
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(similarity(b, name), similarity(a, name)) })
	return all[:min(len(all), maxNames)]
}

// similarity is how many bytes two names share at the start and at the end.
func similarity(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	a, b = a[n:], b[n:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
		n++
	}
	return n
}

// report fails the test if there are mismatches.
func (r *Recording) report(mismatches []mismatch) {
	r.t.Helper()
	if len(mismatches) > 0 {
		r.t.Errorf("%s", r.message(mismatches))
	}
}

func (r *Recording) message(mismatches []mismatch) string {
	head := "metrics differ:\n"
	if !allFinal(mismatches) {
		head = fmt.Sprintf("metrics differ after %v:\n", r.Timeout)
	}
	var b strings.Builder
	for _, c := range mismatches {
		b.WriteString(strings.TrimSuffix(c.text, "\n") + "\n")
	}
	return head + strings.TrimSuffix(b.String(), "\n")
}
