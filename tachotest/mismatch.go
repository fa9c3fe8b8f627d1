package tachotest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A complaint is one thing that is not as it is wanted, in lines of
//
//	want http_requests_total{method="GET",path="/",status="200"} 1
//	 got http_requests_total{method="GET",path="/",status="200"} 2 (from 3 to 5)
//	also http_requests_total{method="GET",path="/",status="500"} 1
type complaint struct {
	text  string
	final bool // waiting does not help: what is too much never falls
}

// hopeless reports whether waiting helps none of them.
func hopeless(all []complaint) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(c complaint) bool { return !c.final })
}

// shown is how many samples a complaint lists at most, and shownNames how many
// names.
const (
	shown      = 8
	shownNames = 3
)

type expectations []expectation

// missing complains about each expectation that does not hold.
func (all expectations) missing(c changes) (list []complaint) {
	for _, e := range all {
		if x := e.missing(c); x.text != "" {
			list = append(list, x)
		}
	}
	return list
}

func (e expectation) missing(c changes) complaint {
	want, matched := "want "+e.String()+"\n", c.of(e.selector)
	switch {
	case len(matched) == 0:
		return complaint{text: want + e.absent(c)}
	case matched.is(e.value):
		return complaint{}
	}
	return complaint{
		text:  want + e.present(matched) + e.besides(c),
		final: matched.sum() > e.value && matched.grow(),
	}
}

// present says what the samples of a selector have instead.
func (s selector) present(matched changes) string {
	if len(matched) == 1 {
		return matched.lines(" got")
	}
	return " got " + s.String() + " " + number(matched.sum()) + "\n" + matched.moved().lines("  of")
}

// besides lists what else has changed under that name.
func (s selector) besides(c changes) string {
	return c.moved().filter(func(x change) bool { return x.name == s.name && !s.matches(x.sample) }).nearest(s).lines("also")
}

// absent says what there is in the place of a sample that is not there.
func (s selector) absent(c changes) string {
	named := c.filter(func(x change) bool { return x.name == s.name })
	parts := c.filter(func(x change) bool { return x.metric == s.name })
	switch {
	case len(named) > 0 && len(named.moved()) > 0:
		return " got no such sample, but\n" + named.moved().nearest(s).lines("")
	case len(named) > 0:
		return " got no such sample; these are there, and have not changed\n" + named.nearest(s).lines("")
	case len(parts) > 0:
		return " got no sample of that name; the metric is made of " + strings.Join(parts.names(), ", ") + "\n"
	case len(c) > 0:
		return " got no metric of that name; the nearest are " + strings.Join(c.namesNear(s.name), ", ") + "\n"
	}
	return " got nothing at all\n"
}

// others complains about changes of the names in expectations that none of them
// is about.
func (all expectations) others(c changes) (list []complaint) {
	var done []string
	for _, e := range all {
		if slices.Contains(done, e.name) {
			continue
		}
		done = append(done, e.name)
		rest := c.moved().filter(func(x change) bool { return x.name == e.name && !all.match(x) })
		list = append(list, rest.unwanted("nothing else of "+e.name)...)
	}
	return list
}

func (all expectations) match(x change) bool {
	return slices.ContainsFunc(all, func(e expectation) bool { return e.matches(x.sample) })
}

// changed complains if a sample of the selector has changed.
func (s selector) changed(c changes) []complaint {
	moved := c.moved().filter(func(x change) bool {
		if x.name == x.metric+"_count" && s.name == x.metric {
			x.name = x.metric // a histogram has changed when its count has
		}
		return s.matches(x.sample)
	})
	return moved.unwanted("no change of " + s.String())
}

// unwanted complains if there is any of these.
func (c changes) unwanted(want string) []complaint {
	if len(c) == 0 {
		return nil
	}
	grown := func(x change) bool { return x.grows && x.by() > 0 }
	return []complaint{{"want " + want + "\n" + c.lines(" got"), slices.ContainsFunc(c, grown)}}
}

// lines writes the first samples below each other, the first one behind a head.
func (c changes) lines(head string) string {
	var b strings.Builder
	for _, x := range c[:min(len(c), shown)] {
		fmt.Fprintf(&b, "%4s %s\n", head, x)
		head = ""
	}
	if more := len(c) - shown; more > 0 {
		fmt.Fprintf(&b, "     and %d more\n", more)
	}
	return b.String()
}

// String tells by how much the sample has changed.
func (c change) String() string {
	line := c.text + " " + number(c.by())
	switch {
	case c.by() == 0 && c.before != 0:
		line += " (still " + number(c.value) + ")"
	case c.before != 0:
		line += " (from " + number(c.before) + " to " + number(c.value) + ")"
	}
	return line
}

// namesNear are the names that begin and end most like a name.
func (c changes) namesNear(name string) []string {
	all := c.names()
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(likeness(b, name), likeness(a, name)) })
	return all[:min(len(all), shownNames)]
}

// likeness is how many bytes two names share at their beginnings and ends.
func likeness(a, b string) (n int) {
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

// report fails the test if there are complaints.
func (r *Recording) report(complaints []complaint) {
	r.t.Helper()
	if len(complaints) > 0 {
		r.t.Errorf("%s", r.message(complaints))
	}
}

func (r *Recording) message(complaints []complaint) string {
	head := "not recorded as wanted:\n"
	if !hopeless(complaints) {
		head = fmt.Sprintf("not recorded as wanted within %v:\n", r.Patience)
	}
	var b strings.Builder
	for _, c := range complaints {
		b.WriteString(strings.TrimSuffix(c.text, "\n") + "\n")
	}
	return head + strings.TrimSuffix(b.String(), "\n")
}
