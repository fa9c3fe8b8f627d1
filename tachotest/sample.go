package tachotest

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// A label is a label of a sample.
type label struct{ name, value string }

// is compares two labels. Bounds and quantiles are numbers: 1 is 1.0.
func (l label) is(other label) bool {
	if l == other {
		return true
	}
	a, errA := strconv.ParseFloat(l.value, 64)
	b, errB := strconv.ParseFloat(other.value, 64)
	number := l.name == "le" || l.name == "quantile"
	return number && l.name == other.name && errA == nil && errB == nil && a == b
}

// A sample is one line of the metrics endpoint.
type sample struct {
	metric string // of a histogram: its name without _count, _sum or _bucket
	name   string
	labels []label // sorted by name
	text   string  // all this as the endpoint shows it
	value  float64
	grows  bool // it never falls: a counter or a count of observations
}

// A snapshot is all samples of a moment, by their text.
type snapshot map[string]sample

// read reads everything that is recorded now.
func read(m *tacho.Meter) (snapshot, error) {
	families, err := m.Gatherer().Gather()
	if err != nil {
		return nil, err
	}
	all := snapshot{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			all.take(f.GetName(), x)
		}
	}
	return all, nil
}

// take adds the samples of one label set.
func (all snapshot) take(metric string, x *dto.Metric) {
	s := sample{metric: metric, name: metric}
	for _, l := range x.GetLabel() {
		s = s.with(l.GetName(), l.GetValue())
	}
	switch {
	case x.Counter != nil:
		all.add(s, "", x.Counter.GetValue(), true)
	case x.Gauge != nil:
		all.add(s, "", x.Gauge.GetValue(), false)
	case x.Untyped != nil:
		all.add(s, "", x.Untyped.GetValue(), false)
	case x.Histogram != nil:
		all.takeHistogram(s, x.Histogram)
	case x.Summary != nil:
		all.takeSummary(s, x.Summary)
	}
}

func (all snapshot) takeHistogram(s sample, h *dto.Histogram) {
	count := max(float64(h.GetSampleCount()), h.GetSampleCountFloat())
	for _, b := range h.GetBucket() {
		n := max(float64(b.GetCumulativeCount()), b.GetCumulativeCountFloat())
		all.add(s.with("le", number(b.GetUpperBound())), "_bucket", n, true)
	}
	all.add(s.with("le", "+Inf"), "_bucket", count, true) // which may go without saying
	all.add(s, "_count", count, true)
	all.add(s, "_sum", h.GetSampleSum(), false)
}

func (all snapshot) takeSummary(s sample, x *dto.Summary) {
	for _, q := range x.GetQuantile() {
		all.add(s.with("quantile", number(q.GetQuantile())), "", q.GetValue(), false)
	}
	all.add(s, "_count", float64(x.GetSampleCount()), true)
	all.add(s, "_sum", x.GetSampleSum(), false)
}

func (all snapshot) add(s sample, suffix string, value float64, grows bool) {
	s.name, s.value, s.grows = s.name+suffix, value, grows
	s.text = format(s.name, s.labels, false)
	all[s.text] = s
}

// with returns the sample with one more label.
func (s sample) with(name, value string) sample {
	s.labels = append(slices.Clone(s.labels), label{name, value})
	slices.SortFunc(s.labels, byName)
	return s
}

func byName(a, b label) int { return strings.Compare(a.name, b.name) }

// inFlight is how many requests are being served, streams aside: these may be
// open for as long as the test.
func (all snapshot) inFlight() (n float64) {
	names := schema.Default()
	for _, s := range all {
		switch {
		case isNamed(s.name, names.InFlight.Name):
			n += s.value
		case isNamed(s.name, names.StreamsInFlight.Name):
			n -= s.value
		}
	}
	return n
}

// isNamed allows for Options.Namespace.
func isNamed(name, base string) bool { return name == base || strings.HasSuffix(name, "_"+base) }

// A change is a sample as it is now, with its value before.
type change struct {
	sample
	before float64
}

// by is how much the sample has changed.
func (c change) by() float64 {
	if c.value == c.before || math.IsNaN(c.value) && math.IsNaN(c.before) {
		return 0 // of infinities, too
	}
	return c.value - c.before
}

// changes are all samples that are there now or were before, sorted by their
// text.
type changes []change

func (all snapshot) since(before snapshot) (list changes) {
	for key, s := range all {
		list = append(list, change{s, before[key].value})
	}
	for key, s := range before {
		if _, still := all[key]; !still {
			was := s.value
			s.value = 0
			list = append(list, change{s, was})
		}
	}
	slices.SortFunc(list, func(a, b change) int { return strings.Compare(a.text, b.text) })
	return list
}

// filter returns those that f takes.
func (c changes) filter(f func(change) bool) (kept changes) {
	for _, x := range c {
		if f(x) {
			kept = append(kept, x)
		}
	}
	return kept
}

// of returns the samples of a selector.
func (c changes) of(s selector) changes {
	return c.filter(func(x change) bool { return s.matches(x.sample) })
}

// moved returns those that have changed.
func (c changes) moved() changes { return c.filter(func(x change) bool { return x.by() != 0 }) }

func (c changes) sum() (n float64) {
	for _, x := range c {
		n += x.by()
	}
	return n
}

// is reports whether the sum is a number. Whole numbers are exact. Others that
// were added and taken away are right up to the rounding of the largest.
func (c changes) is(want float64) bool {
	got, scale, whole := c.sum(), math.Abs(want), true
	for _, x := range c {
		scale = max(scale, math.Abs(x.before), math.Abs(x.value))
		whole = whole && isWhole(x.before) && isWhole(x.value)
	}
	switch {
	case got == want || math.IsNaN(got) && math.IsNaN(want):
		return true
	case whole || math.IsInf(scale, 0):
		return false
	}
	return math.Abs(got-want) <= 1e-12*scale
}

func isWhole(v float64) bool { return v == math.Trunc(v) }

// grow reports whether none of them can fall.
func (c changes) grow() bool {
	return !slices.ContainsFunc(c, func(x change) bool { return !x.grows })
}

// names are their names, without repetition.
func (c changes) names() []string {
	all := map[string]bool{}
	for _, x := range c {
		all[x.name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// nearest puts those first that have most labels in common with a selector.
func (c changes) nearest(s selector) changes {
	near := slices.Clone(c)
	slices.SortStableFunc(near, func(a, b change) int {
		return cmp.Compare(s.agreement(b.labels), s.agreement(a.labels))
	})
	return near
}
