package target

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/internal/scrapeerror"
	"github.com/tacho-go/tacho/schema"
)

// A Probe is the result of one scrape of a target.
type Probe struct {
	Target  Target
	Series  int
	Schemas []schema.Schema // the naming schemes, best match first
	Own     bool            // it is a tacho server, which scrapes itself
	Err     error           // why the scrape failed
}

// String describes the result in words.
func (a Probe) String() string {
	switch {
	case a.Err != nil:
		return a.reason() + " Scraping continues."
	case len(a.Schemas) == 0:
		return fmt.Sprintf("%d series; no known HTTP metrics, which rates and latencies need: see docs/frameworks.md", a.Series)
	}
	names := make([]string, len(a.Schemas))
	for i, s := range a.Schemas {
		names[i] = s.Name
	}
	return fmt.Sprintf("%d series, naming scheme %s", a.Series, strings.Join(names, " and "))
}

// reason explains the error as the page does, with advice for targets on the command line.
func (a Probe) reason() string {
	var t *doctor.TargetError
	switch {
	case !errors.As(a.Err, &t):
		return "cannot be scraped yet: " + a.Err.Error() + "."
	case t.Empty():
		return "has nothing to scrape yet: " + t.Text(scrapeerror.Arguments)
	}
	return "cannot be scraped yet: " + t.Text(scrapeerror.Arguments)
}

// ProbeAll scrapes every target with a URL once, concurrently.
func ProbeAll(ctx context.Context, targets []Target, timeout time.Duration) []Probe {
	answers := make([]Probe, 0, len(targets))
	var all sync.WaitGroup
	for _, t := range targets {
		if t.URL == nil {
			continue
		}
		answers = append(answers, Probe{Target: t})
	}
	for i := range answers {
		all.Go(func() { answers[i].scrape(ctx, timeout) })
	}
	all.Wait()
	return answers
}

func (a *Probe) scrape(ctx context.Context, timeout time.Duration) {
	s, err := doctor.NewScraper(doctor.Options{URL: a.Target.URL.String(), Timeout: timeout}, "tacho-serve")
	if err != nil {
		a.Err = err
		return
	}
	families, series, err := s.Probe(ctx)
	if err != nil {
		a.Err = err
		return
	}
	a.Series, a.Schemas = series, schema.Detect(families)
	_, a.Own = families["tacho_server_newest_sample_ahead_seconds"]
}
