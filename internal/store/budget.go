package store

import (
	"cmp"
	"log/slog"
	"slices"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
)

// A dimension is a label whose value was replaced by the overflow value.
type dimension uint8

const (
	noDimension dimension = iota
	routeDimension
	statusDimension
	extraDimension // the first of the extra labels
)

// OverflowAllowance is the maximum number of label sets with __overflow__ in addition to the limit.
// Beyond it, a single set counts all others.
const OverflowAllowance = 64

// maxEntries limits the entries of a route and method once the budget is used up; further statuses
// take the slow path each time.
const maxEntries = 128

// place creates or finds the series of a new status: its own within the budget, and one with
// __overflow__ beyond it.
func (t *Store) place(w *RouteMethod, status int) entry {
	switch {
	case status == labelvalue.OverflowStatus || w.Route == t.overflow:
		return entry{status: int32(status), series: t.overflowSeries(w, status)}
	case len(t.all)-t.overflowSets < t.limit:
		return entry{status: int32(status), series: t.newSeries(w, status)}
	case w.Route.overflowed:
		return entry{status: int32(status), series: t.overflowSeries(w, status)}
	}
	by := t.offender()
	t.warn(by)
	switch by {
	case statusDimension:
		return entry{int32(status), by, t.addEntry(w, labelvalue.OverflowStatus).series}
	case routeDimension:
		return entry{int32(status), by, t.addEntry(t.routeMethod(t.Variant(t.overflow, w.Route.Extras()), w.MethodTLS), status).series}
	}
	v := t.without(w.Route, int(by-extraDimension))
	if v == w.Route || v.dynamic.base == nil {
		return entry{int32(status), by, t.overflowSeries(w, status)}
	}
	return entry{int32(status), by, t.addEntry(t.routeMethod(v, w.MethodTLS), status).series}
}

// without returns the variant of a route in which one value has overflowed.
func (t *Store) without(r *Route, extra int) *Route {
	values := slices.Clone(r.dynamic.extras)
	values[extra] = labelvalue.Overflow
	return t.Variant(cmp.Or(r.dynamic.base, r), values)
}

// overflowSeries creates a series with __overflow__, or returns the single one that counts
// everything beyond the allowance.
func (t *Store) overflowSeries(w *RouteMethod, status int) *Series {
	last := t.routeMethod(t.overflow, 0)
	if t.overflowSets < t.allowed-1 || w == last && status == labelvalue.OverflowStatus {
		t.overflowSets++
		return t.newSeries(w, status)
	}
	return t.addEntry(last, labelvalue.OverflowStatus).series
}

// offender returns the label with the most values: the one to replace.
func (t *Store) offender() dimension {
	most, worst := t.made, routeDimension
	if len(t.statuses) > most {
		most, worst = len(t.statuses), statusDimension
	}
	for i, l := range t.Extras {
		if n := l.Distinct(); n > most {
			most, worst = n, extraDimension+dimension(i)
		}
	}
	return worst
}

func (t *Store) newSeries(w *RouteMethod, status int) *Series {
	s := &Series{Of: w, bounds: w.Route.bounds, Status: status, Created: t.Now().UnixNano(), Sizes: &w.Sizes}
	s.durations = t.newHistogram(w.Route.bounds, requestDurations, s)
	if t.Config.SizesByStatus {
		s.Sizes = new(Sizes)
	}
	if t.Config.Native {
		s.native = t.newNative(s)
	}
	if t.Config.Exemplars {
		s.Exemplars = hist.NewExemplars(s.durations.Buckets())
	}
	t.all = append(t.all, s)
	t.sorted = nil
	t.statuses[status]++
	return s
}

// warn logs once that the budget is used up, and by what.
func (t *Store) warn(by dimension) {
	if t.warned {
		return
	}
	t.warned = true
	cmp.Or(t.Config.Logger, slog.Default()).Warn("tacho: too many label sets: new values are recorded as "+labelvalue.Overflow+
		"; find where they come from in tacho_overflow_total, or raise Options.SeriesLimit",
		"metric", t.Config.Metric, "label", t.dimensionName(by),
		"limit", t.Config.Limit, "routes", t.made, "statuses", len(t.statuses))
}

// dimensionName returns the name of a label.
func (t *Store) dimensionName(by dimension) string {
	switch {
	case by >= extraDimension:
		return t.Extras[by-extraDimension].Name
	case by == routeDimension && t.Group != nil:
		return t.Group.Name
	}
	if by == statusDimension {
		return t.Config.StatusLabel
	}
	return t.Config.RouteLabel
}

// Overflows calls f for each label with the number of requests whose value was replaced.
func (t *Store) Overflows(f func(label string, n uint64)) {
	for i := range t.beyond[routeDimension:] {
		by := routeDimension + dimension(i)
		f(t.dimensionName(by), t.beyond[by].Load())
	}
}
