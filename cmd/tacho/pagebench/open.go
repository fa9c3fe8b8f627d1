package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/chromedp"
)

// An inventory is what a page holds after a garbage collection.
type inventory struct {
	heap             float64 // MB
	nodes, listeners int64
}

// open leaves a service's page of the demo open for ten minutes, through its incidents,
// and prints what it holds after each.
func open(ctx context.Context, out io.Writer) error {
	return withDemo(ctx, func(d demo) error {
		tab, end, err := browser(ctx)
		if err != nil {
			return err
		}
		defer end()
		if err := chromedp.Do(tab, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(d.address+"#open=shop")); err != nil {
			return err
		}
		fmt.Fprintln(out, "| minutes | heap MB | nodes | listeners |\n|---:|---:|---:|---:|")
		begun := time.Now()
		for _, minute := range []int{1, 2, 5, 10} {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Until(begun.Add(time.Duration(minute) * time.Minute))):
			}
			held, err := inventoryOf(tab)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "| %d | %.1f | %d | %d |\n", minute, held.heap, held.nodes, held.listeners)
		}
		return nil
	})
}

func inventoryOf(tab context.Context) (held inventory, err error) {
	if held.heap, err = heapMB(tab); err != nil {
		return held, err
	}
	_, err = chromedp.Run(tab, func(ctx context.Context, t *chromedp.Target) (bool, error) {
		// Once more: what the first collection released.
		if _, err := cdp.Call(ctx, t, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			return false, err
		}
		count, err := cdp.Call(ctx, t, memory.GetDOMCounters, cdp.Empty{})
		if err != nil {
			return false, err
		}
		held.nodes, held.listeners = count.Nodes, count.JsEventListeners
		return true, nil
	})
	return held, err
}
