package top

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
)

// A scraper scrapes one URL for a Watch.
type scraper struct {
	*doctor.Scraper
	index int
}

// A result is the outcome of a scrape.
type result struct {
	index    int
	at       time.Time
	snapshot Snapshot
	problem  string
	err      error
}

func (s scraper) ask(ctx context.Context) result {
	a := result{index: s.index, at: time.Now()}
	scrape, err := s.Scrape(ctx)
	if err != nil {
		a.err, a.problem = err, plainly(err)
		return a
	}
	a.snapshot = Read(scrape)
	return a
}

// plainly returns an error without the URL, which is displayed anyway.
func plainly(err error) string {
	var t *doctor.TargetError
	if errors.As(err, &t) {
		return t.What + " " + t.Fix
	}
	return err.Error()
}

func (a result) tell(w *Watch) {
	if a.err != nil {
		w.Fail(a.index, a.at, a.problem)
		return
	}
	w.Take(a.index, a.snapshot)
}

// scrapeAll scrapes every URL once, concurrently.
func scrapeAll(ctx context.Context, scrapers []scraper) []result {
	results := make([]result, len(scrapers))
	var all sync.WaitGroup
	for i, s := range scrapers {
		all.Go(func() { results[i] = s.ask(ctx) })
	}
	all.Wait()
	return results
}

// follow scrapes a URL periodically. Each URL has its own ticker, so a hanging one does
// not delay the others.
func (s scraper) follow(ctx context.Context, interval time.Duration, results chan<- result) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		a := s.ask(ctx)
		select {
		case results <- a:
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
