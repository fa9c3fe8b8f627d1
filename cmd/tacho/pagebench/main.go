// Command pagebench measures tacho's page in a real Chromium. From the repository's
// root:
//
//	go run ./cmd/tacho/pagebench first     the first load of the page, as a bundle and as native modules
//	go run ./cmd/tacho/pagebench load      the service page of 200 routes × 20 instances × 24 h, with the batch endpoint and without
//	go run ./cmd/tacho/pagebench charts    a live tick and the heap, against the same page made with ECharts
//	go run ./cmd/tacho/pagebench live      the heaps of these two after ten minutes by the clock
//	go run ./cmd/tacho/pagebench table     sorting 10,000 rows anew, against rendering all of them
//	go run ./cmd/tacho/pagebench shift     layout shifts of every screen of the demo while it loads and follows the clock
//	go run ./cmd/tacho/pagebench incident  layout shifts while the demo's incident begins and ends
//	go run ./cmd/tacho/pagebench fresh     from the scrape of a new service that gives the first number to this number
//	go run ./cmd/tacho/pagebench open      what a page of the demo holds after ten minutes
//	go run ./cmd/tacho/pagebench samples   the samples that a page of 24 h reads, with the recording rules and without
//
// Without a name it runs all. Chromium has to be installed; charts and live need npm,
// which brings ECharts into a temporary folder. Ratios of one run are what counts:
// milliseconds are this machine's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"time"

	"github.com/chromedp/chromedp"
)

// experiments lists the measurements in the order in which they run.
var experiments = []struct {
	name string
	run  func(ctx context.Context, out io.Writer) error
}{
	{"first", first},
	{"load", load},
	{"charts", charts},
	{"live", live},
	{"table", table},
	{"shift", shift},
	{"incident", incident},
	{"fresh", fresh},
	{"open", open},
	{"samples", samples},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pagebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string, out io.Writer) error {
	for _, name := range names {
		if !slices.ContainsFunc(experiments, func(e struct {
			name string
			run  func(context.Context, io.Writer) error
		}) bool {
			return e.name == name
		}) {
			return fmt.Errorf("there is no experiment %q: use first, load, charts, live, table, shift, incident, fresh, open or samples", name)
		}
	}
	for _, e := range experiments {
		if len(names) > 0 && !slices.Contains(names, e.name) {
			continue
		}
		fmt.Fprintf(out, "## %s\n\n", e.name)
		if err := e.run(ctx, out); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// browser starts Chromium with one empty page.
func browser(ctx context.Context, more ...chromedp.ContextOption) (context.Context, func(), error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, errors.New("chromium is not in PATH: install Debian's package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1400, 1000))
	allocator, end := chromedp.NewExecAllocator(ctx, options...)
	page, cancel := chromedp.NewContext(allocator, more...)
	return page, func() { cancel(); end() }, nil
}

// listen serves h on a free port of the loopback address.
func listen(h http.Handler) (address string, end func(), err error) {
	s, ln, err := newServer(h)
	if err != nil {
		return "", nil, err
	}
	go func() { _ = s.Serve(ln) }()
	return "http://" + ln.Addr().String() + "/", func() { _ = s.Close() }, nil
}

// median returns the middle value.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// await polls a condition in the page.
func await(ctx context.Context, condition string) error {
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := chromedp.Run(limited, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(10*time.Millisecond), chromedp.WithPollingTimeout(0)))
	if err != nil {
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		return fmt.Errorf("%w; the page shows:\n%.3000s", err, text)
	}
	return nil
}
