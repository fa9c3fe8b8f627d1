package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/server"
)

// loads is the number of page loads, each with an empty cache.
const loads = 7

// settling is how long a new browser stays idle before a measurement.
const settling = 3 * time.Second

// complete is true when every part of the service page shows its data: the signals, the
// routes with their small lines, the heatmap, instances, concurrency and events.
const complete = `(() => {
  const has = (selector) => [...document.querySelectorAll(selector)].some((e) => e.checkVisibility());
  const drawn = (selector) => [...document.querySelectorAll(selector)].some((e) => (e.getAttribute("d") ?? "").length > 20);
  const charts = document.querySelectorAll(".signals canvas").length;
  return charts >= 3 && charts + document.querySelectorAll(".signals .nothing:not([hidden])").length === 4
    && document.querySelectorAll("table.routes tbody td.lead").length > 10 && drawn("table.routes td.sp .spark .ln")
    && document.querySelector(".heatcard canvas")?.width > 400 && has(".stack .fact tbody tr") && has("[data-id=chartInFlight] canvas")
    && has(".eventcard li, .eventcard .nothing");
})()`

// load fills a server with a day of a large service's data and measures its page.
func load(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "tacho-bench-page-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d := newDay(time.Now())
	begun := time.Now()
	if err := d.write(dir); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d series, %.1f million samples, written in %v.\n\n", d.series, float64(d.samples)/1e6, time.Since(begun).Round(time.Second))
	srv, err := server.New(server.Options{
		DataDir: dir, Listen: "127.0.0.1:0", Config: "global: {scrape_interval: 15s}\n", Retention: 30 * 24 * time.Hour, Logger: slog.New(slog.DiscardHandler),
		Page: bothWays(),
	})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(serving) }()
	err = loadBoth(ctx, out, srv.URL(), fmt.Sprintf("#open=%s&span=%d-%d", url.QueryEscape(job), d.end-24*3600, d.end))
	stop()
	return errors.Join(err, <-ended)
}

// plain is the path of the page that uses only the Prometheus API.
const plain = "plain/"

// bothWays serves the page of tacho serve, and below plain the page as it works with any
// other Prometheus.
func bothWays() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(dash.Options{BatchPath: server.BatchPath}))
	mux.Handle("/"+plain, http.StripPrefix("/"+strings.TrimSuffix(plain, "/"), dash.Handler(dash.Options{APIPath: "/api/v1"})))
	return mux
}

// loadBoth loads the page repeatedly, both ways in turn, and prints the time until it
// was complete.
func loadBoth(ctx context.Context, out io.Writer, address, fragment string) error {
	ways := []struct {
		name, path string
		first, all []float64
	}{{name: "batch endpoint"}, {name: "/api/v1 alone", path: plain}}
	for range loads {
		for i := range ways {
			w := &ways[i]
			page, end, err := browser(ctx)
			if err != nil {
				return err
			}
			took, err := loadOnce(ctx, page, address+w.path+fragment)
			end()
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.first, w.all = append(w.first, took[0]), append(w.all, took[1])
		}
	}
	fmt.Fprintf(out, "| median of %d | first number s | complete s |\n|---|---:|---:|\n", loads)
	for _, w := range ways {
		fmt.Fprintf(out, "| %s | %.2f | **%.2f** |\n", w.name, median(w.first), median(w.all))
	}
	fmt.Fprintf(out, "| the same, divided | %.2f | %.2f |\n", median(ways[0].first)/median(ways[1].first), median(ways[0].all)/median(ways[1].all))
	return nil
}

// firstNumber is true when the page shows one.
const firstNumber = `[...document.querySelectorAll(".signal .big, .svc dd.rate, td.n")].some((e) => e.checkVisibility() && /\d/.test(e.textContent))`

// rest waits until a new browser is idle. A user's browser is already running; a new one
// is busy with its own start for a while.
func rest(ctx, page context.Context) error {
	if err := chromedp.Do(page, chromedp.Navigate("about:blank")); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(settling):
		return nil
	}
}

// loadOnce returns the seconds from the navigation to the first number, and to the last
// part of the page.
func loadOnce(ctx, page context.Context, address string) (took [2]float64, err error) {
	if err := rest(ctx, page); err != nil {
		return took, err
	}
	for i, condition := range []string{firstNumber, complete} {
		if i == 0 {
			if err := chromedp.Do(page, chromedp.Navigate(address)); err != nil {
				return took, err
			}
		}
		if err := await(page, condition); err != nil {
			return took, err
		}
		ms, err := chromedp.Run(page, chromedp.Evaluate[float64](`performance.now()`))
		if err != nil {
			return took, err
		}
		took[i] = ms / 1000
	}
	return took, nil
}
