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

// equal compares two labels. Bounds and quantiles are compared as numbers: 1 equals 1.0.
func (l label) equal(other label) bool {
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
	metric     string // for a histogram, its name without _count, _sum or _bucket
	name       string
	labels     []label // sorted by name
	text       string  // the sample as the endpoint shows it, without the value
	value      float64
	neverFalls bool // a counter or a count of observations
}

// A snapshot is all samples at one time, by text.
type snapshot map[string]sample

// read returns all current samples.
func read(m *tacho.Meter) (snapshot, error) {
	families, err := m.Gatherer().Gather()
	if err != nil {
		return nil, err
	}
	all := snapshot{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			all.addMetric(f.GetName(), x)
		}
	}
	return all, nil
}

// addMetric adds the samples of one label set.
func (all snapshot) addMetric(metric string, x *dto.Metric) {
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
	all.add(s.with("le", "+Inf"), "_bucket", count, true) // the +Inf bucket may be implicit
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
	s.name, s.value, s.neverFalls = s.name+suffix, value, grows
	s.text = format(s.name, s.labels, false)
	all[s.text] = s
}

// with returns the sample with an additional label.
func (s sample) with(name, value string) sample {
	s.labels = append(slices.Clone(s.labels), label{name, value})
	slices.SortFunc(s.labels, byName)
	return s
}

func byName(a, b label) int { return strings.Compare(a.name, b.name) }

// inFlight returns the number of requests in flight, without streams, which may stay open for
// the whole test.
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

// isNamed ignores the prefix of Options.Namespace.
func isNamed(name, base string) bool { return name == base || strings.HasSuffix(name, "_"+base) }

// A change is a sample with its current and its earlier value.
type change struct {
	sample
	before float64
}

// delta is by how much the sample has changed.
func (c change) delta() float64 {
	if c.value == c.before || math.IsNaN(c.value) && math.IsNaN(c.before) {
		return 0 // also for infinities
	}
	return c.value - c.before
}

// changes are all samples that exist now or existed before, sorted by text.
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

// filter returns the changes that satisfy f.
func (c changes) filter(f func(change) bool) (kept changes) {
	for _, x := range c {
		if f(x) {
			kept = append(kept, x)
		}
	}
	return kept
}

// matching returns the samples of a selector.
func (c changes) matching(s selector) changes {
	return c.filter(func(x change) bool { return s.matches(x.sample) })
}

// changed returns those with a new value.
func (c changes) changed() changes { return c.filter(func(x change) bool { return x.delta() != 0 }) }

func (c changes) sum() (n float64) {
	for _, x := range c {
		n += x.delta()
	}
	return n
}

// sumIs reports whether the sum is a number. Integers must be equal. Other sums may differ by
// the rounding of the largest value.
func (c changes) sumIs(want float64) bool {
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

// neverFall reports whether none of them can fall.
func (c changes) neverFall() bool {
	return !slices.ContainsFunc(c, func(x change) bool { return !x.neverFalls })
}

// names returns their names, each once.
func (c changes) names() []string {
	all := map[string]bool{}
	for _, x := range c {
		all[x.name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// sortedByMatch sorts by the number of labels in common with a selector, the most first.
func (c changes) sortedByMatch(s selector) changes {
	near := slices.Clone(c)
	slices.SortStableFunc(near, func(a, b change) int {
		return cmp.Compare(s.commonLabels(b.labels), s.commonLabels(a.labels))
	})
	return near
}
