package top

import (
	"context"
	"time"
)

// A Verdict is what a server that scrapes the service has found about it.
type Verdict struct {
	Text      string // one sentence, shown at the top
	Unhealthy bool
	// LimitsFunc returns the limits of a route: of its error ratio, and of its p95 in seconds. The
	// default, nil, is those of the default rules.
	LimitsFunc func(path string) (errorRatio, p95 float64)
}

// Judge sets the verdict; nil is none.
func (w *Watch) Judge(v *Verdict) {
	w.verdict = v
	w.added = nil
}

// applyLimits computes the states of routes with the limits of the verdict, so that both agree.
func (w *Watch) applyLimits(rows []Row) {
	if w.verdict == nil || w.verdict.LimitsFunc == nil {
		return
	}
	for i, r := range rows {
		var l limits
		l.errorRatio, l.p95 = w.verdict.LimitsFunc(r.Path)
		rows[i].State = l.state(r)
	}
}

// followVerdict asks for the verdict periodically.
func (t *Top) followVerdict(ctx context.Context, verdicts chan<- *Verdict) {
	if t.verdict == nil {
		return
	}
	tick := time.NewTicker(t.options.Interval)
	defer tick.Stop()
	for {
		v := t.verdict(ctx)
		select {
		case verdicts <- v:
		case <-ctx.Done():
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
