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
	// default, nil, is those of Options.
	LimitsFunc func(path string) (errorRatio, p95 float64)
}

// followVerdict asks for the verdict periodically. Without a function it does nothing.
func followVerdict(ctx context.Context, ask func(context.Context) *Verdict, interval time.Duration, verdicts chan<- *Verdict) {
	if ask == nil {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case verdicts <- ask(ctx):
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
