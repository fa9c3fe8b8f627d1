package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/tacho-go/tacho/dash"
)

//go:embed static
var static embed.FS

const (
	// rounds is how often each page is opened, in turn.
	rounds = 3
	// pause is the time between two ticks of a live page, and liveTicks the number of
	// ticks in ten minutes.
	pause     = 2 * time.Second
	liveTicks = 300
)

// Paths of the two pages with charts.
const ours, echarts = "bench/ours.html", "bench/echarts.html"

// A page is one of the two pages to compare.
type page struct {
	name, path string
	ticks      int       // measured in each round
	cpu        []float64 // ms of the main thread per tick
	heap       []float64 // MB after liveTicks
}

// charts compares a live tick of our charts with that of ECharts.
func charts(ctx context.Context, out io.Writer) error {
	return withECharts(ctx, func(dir string) error {
		return compare(ctx, out, dir, liveTicks, "tick", &page{name: "tacho (uPlot)", path: ours, ticks: 30}, &page{name: "ECharts 6.1.0, LTTB", path: echarts, ticks: 30})
	})
}

// live keeps both pages open for ten minutes at the same time, and prints the size of
// their heaps afterwards.
func live(ctx context.Context, out io.Writer) error {
	return withECharts(ctx, func(dir string) error {
		address, end, err := listen(benchPages(dir))
		if err != nil {
			return err
		}
		defer end()
		pages := []*page{{name: "tacho (uPlot)", path: ours}, {name: "ECharts 6.1.0, LTTB", path: echarts}}
		failed := make([]error, len(pages))
		var all sync.WaitGroup
		for i, p := range pages {
			all.Go(func() { failed[i] = p.stayOpen(ctx, address) })
		}
		all.Wait()
		if err := errors.Join(failed...); err != nil {
			return err
		}
		fmt.Fprintf(out, "| after %v live | heap MB |\n|---|---:|\n", pause*liveTicks)
		for _, p := range pages {
			fmt.Fprintf(out, "| %s | %.1f |\n", p.name, median(p.heap))
		}
		return nil
	})
}

// stayOpen opens the page and updates it as often as a live page.
func (p *page) stayOpen(ctx context.Context, address string) error {
	tab, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := p.open(tab, address); err != nil {
		return err
	}
	clock := time.NewTicker(pause)
	defer clock.Stop()
	for range liveTicks {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
		}
		if err := tick(tab, 1); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	heap, err := heapMB(tab)
	p.heap = append(p.heap, heap)
	return err
}

// open goes to the page and waits until it can tick.
func (p *page) open(tab context.Context, address string) error {
	if err := chromedp.Do(tab, chromedp.Navigate(address+p.path)); err != nil {
		return err
	}
	return await(tab, "window.ready === true")
}

// table compares sorting 10,000 rows anew with rendering all of them.
func table(ctx context.Context, out io.Writer) error {
	return compare(ctx, out, "", 0, "sort",
		&page{name: "rows in a window", path: "bench/table.html", ticks: 30}, &page{name: "all rows in the document", path: "bench/table.html?all", ticks: 2})
}

// withECharts has it in a folder for as long as f runs.
func withECharts(ctx context.Context, f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "tacho-bench-echarts-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := fetchECharts(ctx, dir); err != nil {
		return err
	}
	return f(dir)
}

// fetchECharts brings the release from npm.
func fetchECharts(ctx context.Context, dir string) error {
	npm := exec.CommandContext(ctx, "npm", "pack", "--silent", "echarts@6.1.0")
	npm.Dir = dir
	if text, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack echarts: %w\n%s", err, text)
	}
	tar := exec.CommandContext(ctx, "tar", "-xzf", "echarts-6.1.0.tgz", "--strip-components=2", "package/dist/echarts.min.js")
	tar.Dir = dir
	if text, err := tar.CombinedOutput(); err != nil {
		return fmt.Errorf("tar: %w\n%s", err, text)
	}
	_, err := os.Stat(filepath.Join(dir, "echarts.min.js"))
	return err
}

// compare opens the two pages in turn and prints what a tick costs, and the heap after
// many of them.
func compare(ctx context.Context, out io.Writer, more string, live int, what string, mine, theirs *page) error {
	address, end, err := listen(benchPages(more))
	if err != nil {
		return err
	}
	defer end()
	for range rounds {
		for _, p := range []*page{mine, theirs} {
			if err := p.measure(ctx, address, live); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	fmt.Fprintf(out, "| | main thread, ms per %s | heap MB |\n|---|---:|---:|\n", what)
	for _, p := range []*page{mine, theirs} {
		fmt.Fprintf(out, "| %s | %.2f | %.1f |\n", p.name, median(p.cpu), median(p.heap))
	}
	fmt.Fprintf(out, "| the same, divided | **%.3f** | %.2f |\n", median(mine.cpu)/median(theirs.cpu), median(mine.heap)/median(theirs.heap))
	return nil
}

// benchPages serves the page's own files, the pages of the benchmark below bench/, and
// ECharts from the directory more.
func benchPages(more string) http.Handler {
	sub, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // embedded by the compiler
	}
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(dash.Options{}))
	mux.Handle("/bench/", http.StripPrefix("/bench", http.FileServerFS(sub)))
	if more != "" {
		mux.Handle("/bench/echarts.min.js", http.StripPrefix("/bench", http.FileServer(http.Dir(more))))
	}
	return mux
}

// measure opens the page in a new browser and lets it tick.
func (p *page) measure(ctx context.Context, address string, live int) error {
	tab, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := p.open(tab, address); err != nil {
		return err
	}
	if err := tick(tab, 1); err != nil {
		return err
	}
	before, err := taskSeconds(tab)
	if err != nil {
		return err
	}
	if err := tick(tab, p.ticks); err != nil {
		return err
	}
	after, err := taskSeconds(tab)
	if err != nil {
		return err
	}
	p.cpu = append(p.cpu, (after-before)*1000/float64(p.ticks))
	if len(p.heap) > 0 {
		return nil // measuring the heap once is enough
	}
	if err := tick(tab, live); err != nil {
		return err
	}
	heap, err := heapMB(tab)
	p.heap = append(p.heap, heap)
	return err
}

// tick lets the page tick and draw, n times.
func tick(tab context.Context, n int) error {
	_, err := chromedp.Run(tab, chromedp.Evaluate[bool](fmt.Sprintf(`(async () => {
		const frame = () => new Promise(requestAnimationFrame);
		for (let i = 0; i < %d; i++) { window.tick(); await frame(); await frame(); }
		return true;
	})()`, n), chromedp.EvalAwaitPromise))
	return err
}

// taskSeconds returns the time that the page's main thread has spent in tasks.
func taskSeconds(tab context.Context) (float64, error) {
	return chromedp.Run(tab, func(ctx context.Context, t *chromedp.Target) (float64, error) {
		if _, err := cdp.Call(ctx, t, performance.Enable, performance.EnableParams{}); err != nil {
			return 0, err
		}
		all, err := cdp.Call(ctx, t, performance.GetMetrics, cdp.Empty{})
		if err != nil {
			return 0, err
		}
		for _, m := range all.Metrics {
			if m.Name == "TaskDuration" {
				return m.Value, nil
			}
		}
		return 0, errors.New("the browser does not report TaskDuration")
	})
}

// heapMB returns the size of the page's JavaScript heap after a garbage collection.
func heapMB(tab context.Context) (float64, error) {
	return chromedp.Run(tab, func(ctx context.Context, t *chromedp.Target) (float64, error) {
		if _, err := cdp.Call(ctx, t, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			return 0, err
		}
		usage, err := cdp.Call(ctx, t, runtime.GetHeapUsage, cdp.Empty{})
		if err != nil {
			return 0, err
		}
		return usage.UsedSize / 1e6, nil
	})
}
