package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/chromedp/chromedp"
)

// screens are measured by their fragment.
var screens = []struct{ name, fragment string }{
	{"service", "#open=shop"},
	{"overview", "#open=-"},
	{"route", "#open=shop&route=GET+%2Fsecond_route"},
	{"alerts", "#page=alerts"},
	{"targets", "#page=targets"},
	{"explore", "#page=explore&expr=sum+by+%28path%29+%28rate%28http_requests_total%5B1m%5D%29%29"},
	{"time", "#open=shop&part=time"},
	{"events", "#open=shop&part=events"},
}

// sizes are the windows.
var sizes = []struct{ width, height int64 }{{1440, 900}, {390, 844}}

// loading is how long the load of a screen is watched: its first data, what is loaded
// later, and four live updates.
const loading = 10 * time.Second

// watch collects layout shifts since the page's first paint. Each names the elements
// that moved and where from, so that a reservation can be repaired.
const watch = `(() => {
	window.__shifts = [];
	const nameOf = (n) => !n ? "gone" : n.nodeType !== 1 ? nameOf(n.parentElement) : [n.parentElement, n].filter(Boolean).map((e) => e.localName + (e.id ? "#" + e.id : "") + [...e.classList].map((c) => "." + c).join("")).join(">");
	const rect = (r) => [r.x, r.y, r.width, r.height].map(Math.round).join(",");
	new PerformanceObserver((all) => {
		for (const e of all.getEntries()) window.__shifts.push({value: e.value, at: Math.round(e.startTime), moved: e.sources.map((s) => nameOf(s.node) + " " + rect(s.previousRect) + " → " + rect(s.currentRect))});
	}).observe({type: "layout-shift", buffered: true});
	return true;
})()`

// A layoutShift is what the browser reports of one frame.
type layoutShift struct {
	Value float64
	At    float64
	Moved []string
}

// shift sums up the layout shifts of every screen while it loads and follows the clock.
func shift(ctx context.Context, out io.Writer) error {
	return withDemo(ctx, func(d demo) error {
		fmt.Fprintln(out, "| | window | layout shift |\n|---|---|---:|")
		for _, s := range screens {
			for _, size := range sizes {
				if err := shiftOf(ctx, out, d, s.name+", loading", s.fragment, size.width, size.height, loading); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// incident does it for tabs that are open while the demo's incident begins and ends.
func incident(ctx context.Context, out io.Writer) error {
	return withDemo(ctx, func(d demo) error {
		fmt.Fprintln(out, "| | window | layout shift |\n|---|---|---:|")
		return through(ctx, out, d)
	})
}

// through watches tabs that are open while the demo's incident begins and ends.
func through(ctx context.Context, out io.Writer, d demo) error {
	failed := make(chan error)
	n := 0
	for _, s := range screens[:3] {
		for _, size := range sizes {
			n++
			go func() {
				failed <- shiftOf(ctx, out, d, s.name+", incident", s.fragment, size.width, size.height, time.Until(d.begun.Add(150*time.Second)))
			}()
		}
	}
	var all error
	for range n {
		all = errors.Join(all, <-failed)
	}
	return all
}

// shiftOf prints the sum of one screen's layout shifts.
func shiftOf(ctx context.Context, out io.Writer, d demo, name, fragment string, width, height int64, long time.Duration) error {
	tab, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := chromedp.Do(tab, chromedp.EmulateViewport(width, height), chromedp.Navigate(d.address+fragment)); err != nil {
		return err
	}
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](watch)); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
	}
	said, err := chromedp.Run(tab, chromedp.Evaluate[string](`JSON.stringify(window.__shifts)`))
	if err != nil {
		return err
	}
	var all []layoutShift
	if err := json.Unmarshal([]byte(said), &all); err != nil {
		return err
	}
	sum := 0.
	for _, s := range all {
		sum += s.Value
	}
	fmt.Fprintf(out, "| %s | %d × %d | %.4f |\n", name, width, height, sum)
	for _, s := range all {
		fmt.Fprintf(out, "<!-- %.4f after %.0f ms: %q -->\n", s.Value, s.At, s.Moved)
	}
	return nil
}
