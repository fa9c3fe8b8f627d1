package verdict

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// replayChunk bounds the points of one query, and so the memory of a replay.
const replayChunk = time.Hour

// maxOver is how many findings that are over an Engine keeps.
const maxOver = 500

// Replay returns an Engine that has seen the time from one moment to another: it computes the verdicts of
// that time from what is stored, to remember the findings that were there before a restart. It looks
// every minute, or at each evaluation of the rules if they are rarer; the times of findings are exact
// to the scrape nevertheless. A target that was down for less than that may be missed. Memory and queries
// are bounded by chunks of an hour.
func Replay(ctx context.Context, q Querier, o Options, from, to time.Time) (*Engine, error) {
	e := New(q, o)
	return e, e.Replay(ctx, from, to)
}

// Replay catches up on a time without rounds, as the function of that name does. It must not be called
// during a round. After an error, the Engine must not be used any more.
func (e *Engine) Replay(ctx context.Context, from, to time.Time) error {
	step := max(e.Interval, min(time.Minute, e.Window))
	for begin := from; begin.Before(to); begin = begin.Add(replayChunk) {
		end := begin.Add(replayChunk)
		if end.After(to) {
			end = to
		}
		if err := e.replay(ctx, begin, end, step); err != nil {
			return err
		}
	}
	return nil
}

// replay runs the rounds of one chunk, without its end. Before the first sample there is nothing to see.
func (e *Engine) replay(ctx context.Context, from, to time.Time, step time.Duration) error {
	readings := make(map[time.Time]*reading)
	for _, p := range e.Options.parts() {
		all, err := e.querier.QueryRange(ctx, p.query, from, to.Add(-1), step)
		if err != nil {
			return fmt.Errorf("verdict: replay of %s: %w", p.query, err)
		}
		for _, s := range all {
			for _, x := range s.Points {
				at := x.At.UTC()
				if readings[at] == nil {
					readings[at] = newReading()
				}
				p.put(readings[at], Series{Labels: s.Labels, Points: []Point{x}})
			}
		}
	}
	for at := from.UTC().Truncate(time.Millisecond); at.Before(to); at = at.Add(step) {
		r := readings[at]
		if r == nil {
			r = newReading() // the server did not run
		}
		if err := e.step(ctx, at, r); err != nil {
			return err
		}
	}
	return nil
}

// Adopt takes over the findings of an Engine that has replayed an earlier time: those that are over, and
// the beginnings of those that go on. It must not be called during a round.
func (e *Engine) Adopt(earlier *Engine) {
	e.over = append(e.over, slices.DeleteFunc(slices.Clone(earlier.over), func(f Finding) bool {
		return slices.ContainsFunc(e.over, func(own Finding) bool { return own.key() == f.key() && own.Since.Before(f.Until) })
	})...)
	slices.SortStableFunc(e.over, func(a, b Finding) int { return cmp.Compare(b.Until.UnixNano(), a.Until.UnixNano()) })
	for k, f := range e.open {
		if before := earlier.open[k]; before != nil && f.AtLeast && before.Since.Before(f.Since) {
			f.Since, f.AtLeast, f.Before, f.After = before.Since, before.AtLeast, before.Before, before.After
			f.Worst = max(f.Worst, before.Worst)
		}
	}
}
