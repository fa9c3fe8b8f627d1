package demo

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// tick is the maximum delay of an event.
const tick = 20 * time.Millisecond

// play logs events and deploys versions until ctx is done. Handlers query the current
// faults themselves.
func (d *Demo) play(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	begun, lasting := make([]int, len(d.opts.Script)), make([]bool, len(d.opts.Script))
	for {
		t := d.elapsed()
		for i, e := range d.opts.Script {
			if n := e.begun(t); n > begun[i] {
				begun[i] = n
				d.opts.Logger.Info("demo: "+e.Says, "at", clock(t))
				d.deploy(ctx, e.Deploy)
			}
			if now := e.lasts(t); now != lasting[i] {
				lasting[i] = now
				if !now {
					d.opts.Logger.Info("demo: over: "+e.Says, "at", clock(t))
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// deploy restarts all instances in turn, so that one of them always serves the traffic.
func (d *Demo) deploy(ctx context.Context, version string) {
	if version == "" {
		return
	}
	for _, in := range d.instances {
		in.deploy(ctx, version)
	}
}

// Story returns the script as lines of text.
func (d *Demo) Story() []string {
	script := slices.SortedFunc(slices.Values(d.opts.Script), func(a, b Event) int { return int(a.At - b.At) })
	lines := []string{fmt.Sprintf("the %s before the start are generated (marked by %s)", hours(historySpan), seededMetric)}
	for _, e := range script {
		when := "at " + clock(e.At)
		if e.Every > 0 {
			when = "every " + clock(e.Every)
		}
		if len(e.Faults) > 0 && e.Every == 0 {
			when += ", over at " + clock(e.At+e.For)
		}
		lines = append(lines, when+": "+e.Says)
	}
	return lines
}
