package verdict

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// maxLocated is how many findings are located in one round: a round must not become expensive when all
// routes of a service fail at once.
const maxLocated = 20

// locateSome locates the findings that have waited longest for it, and of these the heaviest. Until then,
// a finding began when it was seen.
func (e *Engine) locateSome(ctx context.Context, now time.Time, seen map[key]*Finding, r *reading) error {
	var due []*Finding
	for k := range seen {
		if f := e.open[k]; f.located.IsZero() || now.Sub(f.Since) <= max(e.LookBack, 2*e.windowOf(f.Job)) {
			due = append(due, f)
		}
	}
	slices.SortFunc(due, func(a, b *Finding) int { return cmp.Or(a.located.Compare(b.located), worse(*a, *b)) })
	for i, f := range due {
		if i >= maxLocated {
			if f.Since.IsZero() {
				f.Since = now
			}
			continue
		}
		if err := e.locate(ctx, now, f, r); err != nil {
			return err
		}
		f.located = now
	}
	return nil
}

// locate finds since when, where and after what. It looks again while a finding is young: its first
// points show little of it.
func (e *Engine) locate(ctx context.Context, now time.Time, f *Finding, r *reading) (err error) {
	if f.located.IsZero() || now.Sub(f.Since) < 2*e.windowOf(f.Job) {
		if err := e.begin(ctx, now, f); err != nil {
			return err
		}
	}
	if now.Sub(f.Since) > e.LookBack {
		return nil
	}
	switch f.Kind {
	case Errors, Latency:
		f.Where, err = e.where(ctx, now, f, r)
	case Pool:
		f.Where, err = e.poolWhere(ctx, now, f)
	}
	return err
}

// begin finds since when a finding is there, what was before, and which event came before it.
func (e *Engine) begin(ctx context.Context, now time.Time, f *Finding) error {
	points, err := e.past(ctx, now, f)
	if err != nil {
		return err
	}
	at := begin(points, f.Limit, 2*e.windowOf(f.Job))
	if at < 0 {
		f.Since = now
		return nil
	}
	f.Since, f.AtLeast, f.Before, f.After = points[at].At, at == 0, before(points[:at]), nil
	if f.Kind == Alert { // it has no samples while it does not fire
		f.AtLeast = f.AtLeast && f.Since.Before(now.Add(2*e.Interval-e.Past))
	}
	if !f.AtLeast {
		f.After, err = e.lastEvent(ctx, f)
	}
	return err
}

// past returns a finding's value over time, with gaps where there is none.
func (e *Engine) past(ctx context.Context, now time.Time, f *Finding) ([]Point, error) {
	query, start := f.Query, now.Add(-e.Past)
	if !f.Since.IsZero() && f.Since.Before(start) {
		start = f.Since.Add(-e.windowOf(f.Job))
	}
	if f.Kind == Target {
		query = "1 - " + f.Query // 1 is down, as for a finding
	}
	all, err := e.querier.QueryRange(ctx, query, start, now, e.Interval)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	// A job with two schemas, or an alert with several label sets, has several: the longest.
	return slices.MaxFunc(all, func(a, b Series) int { return len(a.Points) - len(b.Points) }).Points, nil
}

// begin returns the index of the point at which the values left their former level for one above the
// limit, 0 if they were there from the first point on, and -1 if they are not there.
//
// Recorded rates and percentiles look back over a window: the first sign of a fault is a value barely
// above the former level, one scrape after it began. So the search first finds where most values are
// on the new level, and goes back from there to the former one while the values still fall. Points
// before a gap belong to another time.
func begin(points []Point, limit float64, gap time.Duration) int {
	first := settled(points, limit, gap)
	if first <= 0 {
		return first
	}
	high, low := median(points[first:]), median(points[max(0, first-20):first])
	if half := settled(points, (high+low)/2, gap); half > 0 {
		first = half
	}
	for first > 0 {
		previous := points[first-1]
		if previous.Value <= low+0.05*(high-low) || points[first].At.Sub(previous.At) > gap || previous.Value >= points[first].Value {
			break
		}
		first--
	}
	return first
}

// settled returns the index of the first point from which on nine of ten values have the level, or -1
// if the last values do not have it.
func settled(points []Point, level float64, gap time.Duration) int {
	found, high, all := -1, 0, 0
	for i := len(points) - 1; i >= 0; i-- {
		if i+1 < len(points) && points[i+1].At.Sub(points[i].At) > gap {
			break
		}
		all++
		if points[i].Value >= level {
			high++
			if 10*high >= 9*all {
				found = i
			}
		}
		if all-high > 3 && 10*high < 5*all { // the former level for longer than any dip
			break
		}
	}
	return found
}

// before is the usual value before a finding: the median of at most an hour of points, nil if there
// are none.
func before(points []Point) *float64 {
	points = points[max(0, len(points)-240):]
	if len(points) == 0 {
		return nil
	}
	m := median(points)
	return &m
}

// median is that of the values, 0 without any.
func median(points []Point) float64 {
	values := make([]float64, 0, len(points))
	for _, p := range points {
		if p.Value == p.Value { // not NaN
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// end returns when a finding ended.
func (e *Engine) end(ctx context.Context, now time.Time, f *Finding) (time.Time, error) {
	points, err := e.past(ctx, now, f)
	if err != nil {
		return time.Time{}, err
	}
	at := ended(points, f.Since, e.smear(f))
	if at.IsZero() || at.Before(f.Since) {
		return now, nil
	}
	return at, nil
}

// A smear describes how a value falls after the fault has ended, because it looks back over a window:
// it passes a level, as a share of its height, a while later.
type smear struct {
	level float64
	after time.Duration
}

// smear returns that of a finding. A ratio falls in a straight line over the window. A 95th percentile
// stays until only 5% of the window are slow. The others have no window.
func (e *Engine) smear(f *Finding) smear {
	window := e.windowOf(f.Job)
	switch f.Kind {
	case Errors:
		return smear{0.5, window / 2}
	case Pool:
		return smear{0.5, e.Window / 2}
	case Latency:
		return smear{0.5, window * 19 / 20}
	}
	return smear{0.5, e.Interval / 2}
}

// ended returns when the values fell back from what they were since then, zero if they did not.
func ended(points []Point, since time.Time, s smear) time.Time {
	i := slices.IndexFunc(points, func(p Point) bool { return !p.At.Before(since) })
	if i < 0 {
		return time.Time{}
	}
	level := median(points[max(0, i-20):i])
	height := level
	for _, p := range points[i:] {
		height = max(height, p.Value)
	}
	threshold := level + s.level*(height-level)
	for j := len(points) - 1; j > i; j-- {
		if above, below := points[j-1], points[j]; above.Value >= threshold && below.Value < threshold {
			share := (above.Value - threshold) / (above.Value - below.Value)
			return above.At.Add(time.Duration(share * float64(below.At.Sub(above.At)))).Add(-s.after)
		}
	}
	if last := points[len(points)-1]; last.Value >= threshold { // the series has ended
		return last.At
	}
	return time.Time{}
}
