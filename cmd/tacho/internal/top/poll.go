package top

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
)

// A scraper reads one URL. Its reading or what is wrong is told to a Watch.
type scraper struct {
	*doctor.Scraper
	index int
}

// An answer is what came of a scrape.
type answer struct {
	index   int
	at      time.Time
	reading Reading
	problem string
	err     error
}

func (s scraper) ask(ctx context.Context) answer {
	a := answer{index: s.index, at: time.Now()}
	scrape, err := s.Scrape(ctx)
	if err != nil {
		a.err, a.problem = err, plainly(err)
		return a
	}
	a.reading = Read(scrape)
	return a
}

// plainly leaves the URL out: the reader sees it anyway.
func plainly(err error) string {
	var t *doctor.TargetError
	if errors.As(err, &t) {
		return t.What + " " + t.Fix
	}
	return err.Error()
}

func (a answer) tell(w *Watch) {
	if a.err != nil {
		w.Fail(a.index, a.at, a.problem)
		return
	}
	w.Take(a.index, a.reading)
}

// askAll asks every URL once, at the same time.
func askAll(ctx context.Context, scrapers []scraper) []answer {
	answers := make([]answer, len(scrapers))
	var all sync.WaitGroup
	for i, s := range scrapers {
		all.Go(func() { answers[i] = s.ask(ctx) })
	}
	all.Wait()
	return answers
}

// follow asks a URL again and again. Each has its own clock: one that hangs
// holds up no other.
func (s scraper) follow(ctx context.Context, interval time.Duration, answers chan<- answer) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		a := s.ask(ctx)
		select {
		case answers <- a:
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
