package top

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
)

// ErrNoMetrics is returned if no URL has HTTP metrics.
var ErrNoMetrics = errors.New("no URL has HTTP metrics")

// Options configure Top. Only URLs is required.
type Options struct {
	URLs     []string      // of the instances of one service, as tacho doctor takes them
	Interval time.Duration // between scrapes; default 2s
	Window   time.Duration // of the rates; default: between the last two scrapes
	Timeout  time.Duration // of one scrape; default 5s
	Header   http.Header   // sent with each scrape
	Order    Order         // default FirstOrder
	Limit    int           // of rows in plain text; default all

	// Limits of the states, unless a verdict has others. The defaults are those of the rules.
	ErrorRatio float64       // above which a route is failing
	Latency    time.Duration // p95 at which a route is slow
}

// leastInterval limits the load of the service.
const leastInterval = 100 * time.Millisecond

// Top shows the routes of a service.
type Top struct {
	options  Options
	watch    *Watch
	scrapers []scraper
	verdict  func(context.Context) *Verdict
}

// New validates the options. It does not scrape yet.
func New(o Options) (*Top, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	t := &Top{options: o}
	var urls []string
	for i, u := range o.URLs {
		s, err := doctor.NewScraper(doctor.Options{URL: u, Timeout: o.Timeout, Header: o.Header}, "tacho-top")
		if err != nil {
			return nil, err
		}
		if slices.Contains(urls, s.URL()) {
			return nil, fmt.Errorf("%s is duplicated: its requests would be counted twice", s.URL())
		}
		urls = append(urls, s.URL())
		t.scrapers = append(t.scrapers, scraper{Scraper: s, index: i})
	}
	t.watch = NewWatch(urls, o.Interval, o.Window)
	t.watch.limits = limits{cmp.Or(o.ErrorRatio, t.watch.limits.errorRatio), cmp.Or(o.Latency.Seconds(), t.watch.limits.p95)}
	return t, nil
}

func (o Options) withDefaults() Options {
	if o.Interval == 0 {
		o.Interval = 2 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Order.Column == "" {
		o.Order = FirstOrder
	}
	return o
}

func (o Options) check() error {
	switch _, known := columnAt(o.Order.Column); {
	case len(o.URLs) == 0:
		return errors.New("no URL")
	case o.Interval < leastInterval:
		return fmt.Errorf("--interval %v: it must be at least %v", o.Interval, leastInterval)
	case o.Window < 0:
		return fmt.Errorf("--window %v: it must not be below 0", o.Window)
	case o.Timeout < 0:
		return fmt.Errorf("--timeout %v: it must be above 0", o.Timeout)
	case o.Limit < 0:
		return fmt.Errorf("--limit %d: it must not be below 0", o.Limit)
	case !known:
		return fmt.Errorf("--sort %s: there is no such column; use one of %s", o.Order.Column, strings.Join(Columns(), ", "))
	}
	return nil
}

// URLs returns the URLs that are scraped.
func (t *Top) URLs() []string {
	var all []string
	for _, s := range t.scrapers {
		all = append(all, s.URL())
	}
	return all
}

// UseVerdict sets a function that returns what a server has found about the service, nil if there is
// none. It must be called before the first scrape.
func (t *Top) UseVerdict(f func(context.Context) *Verdict) { t.verdict = f }

// Once scrapes twice, an interval apart, and prints the table.
func (t *Top) Once(ctx context.Context, w io.Writer) error {
	for round := range 2 {
		if round > 0 && !wait(ctx, t.options.Interval) {
			return nil // interrupted
		}
		for _, a := range scrapeAll(ctx, t.scrapers) {
			a.tell(t.watch)
		}
		if p := t.watch.Frame(time.Now()); p.Answering == 0 {
			return fmt.Errorf("%w: %s", ErrNoMetrics, strings.Join(p.Problems, "; "))
		}
	}
	if t.verdict != nil {
		t.watch.Judge(t.verdict(ctx))
	}
	now := time.Now()
	return Plain(w, t.watch.Frame(now), t.options.Order, t.options.Limit, now)
}

// wait returns false if ctx is done before d has passed.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
