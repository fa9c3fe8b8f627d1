package tacho

import (
	"cmp"
	"log/slog"
	"slices"

	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
)

// A foldedLabel is a label whose value the budget replaced.
type foldedLabel uint8

const (
	foldedNone foldedLabel = iota
	foldedRoute
	foldedStatus
	foldedExtra // the first of Options.Labels
)

// foldAllowance is how many label sets with __overflow__ may come on top of
// the limit. When it is spent too, everything folds into a single set.
const foldAllowance = 64

// maxCells bounds the cells of a row once the budget is spent; statuses beyond
// it take the slow path each time.
const maxCells = 128

// place makes or finds the series for a new status of a row: its own within
// the budget, a folded one past it.
func (t *table) place(w *row, status int) cell {
	switch {
	case status == labelvalue.OverflowStatus || w.route == t.overflow:
		return cell{status: int32(status), series: t.foldedSeries(w, status)}
	case len(t.all)-t.foldSets < t.limit:
		return cell{status: int32(status), series: t.newSeries(w, status)}
	case w.route.overflowed:
		return cell{status: int32(status), series: t.foldedSeries(w, status)}
	}
	folded := t.offender()
	t.warn(folded)
	switch folded {
	case foldedStatus:
		return cell{int32(status), folded, t.addCell(w, labelvalue.OverflowStatus).series}
	case foldedRoute:
		return cell{int32(status), folded, t.addCell(t.row(t.variant(t.overflow, w.route.extras()), w.kind), status).series}
	}
	v := t.without(w.route, int(folded-foldedExtra))
	if v == w.route || v.dynamic.base == nil {
		return cell{int32(status), folded, t.foldedSeries(w, status)}
	}
	return cell{int32(status), folded, t.addCell(t.row(v, w.kind), status).series}
}

// without is the variant of a route in which one value has overflowed.
func (t *table) without(r *route, extra int) *route {
	values := slices.Clone(r.dynamic.extras)
	values[extra] = labelvalue.Overflow
	return t.variant(cmp.Or(r.dynamic.base, r), values)
}

// foldedSeries makes a series that carries __overflow__, or returns the one
// set in which everything ends when the allowance is spent.
func (t *table) foldedSeries(w *row, status int) *series {
	last := t.row(t.overflow, 0)
	if t.foldSets < t.allowed-1 || w == last && status == labelvalue.OverflowStatus {
		t.foldSets++
		return t.newSeries(w, status)
	}
	return t.addCell(last, labelvalue.OverflowStatus).series
}

// offender names the label with the most values: the one to fold.
func (t *table) offender() foldedLabel {
	most, worst := t.made, foldedRoute
	if len(t.statuses) > most {
		most, worst = len(t.statuses), foldedStatus
	}
	for i, l := range t.extras {
		if n := l.Distinct(); n > most {
			most, worst = n, foldedExtra+foldedLabel(i)
		}
	}
	return worst
}

func (t *table) newSeries(w *row, status int) *series {
	s := &series{row: w, ladder: w.route.ladder, status: status, created: t.wall().UnixNano(), sizes: &w.sizes}
	s.durations = t.newHistogram(s.ladder, requestDurations, s)
	if t.sizesApart {
		s.sizes = new(sizes)
	}
	if t.opts.NativeHistograms {
		s.native = t.newNative(s)
	}
	if t.opts.TraceFunc != nil {
		s.exemplars = hist.NewExemplars(s.durations.Buckets())
	}
	t.all = append(t.all, s)
	t.sorted = nil
	t.statuses[status]++
	return s
}

// warn says once that the budget is spent, and on what.
func (t *table) warn(folded foldedLabel) {
	if t.warned {
		return
	}
	t.warned = true
	log := cmp.Or(t.opts.Logger, slog.Default())
	log.Warn("tacho: too many label sets: new values are recorded as "+labelvalue.Overflow+
		"; find where they come from in tacho_overflow_total, or raise Options.SeriesLimit",
		"metric", t.opts.Schema.Main().Name, "label", t.labelName(folded),
		"limit", t.opts.SeriesLimit, "routes", t.made, "statuses", len(t.statuses))
}

// labelName is what the schema calls a label that was folded.
func (t *table) labelName(folded foldedLabel) string {
	switch {
	case folded >= foldedExtra:
		return t.extras[folded-foldedExtra].Name
	case folded == foldedRoute && t.group != nil:
		return t.group.Name
	}
	return labelOf(t.opts.Schema, foldedValues[folded])
}
