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

// An Answer is what a target said to one scrape.
type Answer struct {
	Target  Target
	Series  int
	Schemas []schema.Schema // what it speaks, best match first
	Err     error           // why there is no answer
}

// Words says it in words for people.
func (a Answer) Words() string {
	switch {
	case a.Err != nil:
		return a.reason() + " Scrapes go on."
	case len(a.Schemas) == 0:
		return fmt.Sprintf("%d series; no HTTP metrics that are known: rates and latencies need them, see docs/frameworks.md", a.Series)
	}
	names := make([]string, len(a.Schemas))
	for i, s := range a.Schemas {
		names[i] = s.Name
	}
	return fmt.Sprintf("%d series, speaks %s", a.Series, strings.Join(names, " and "))
}

// reason is what the page says of the target, too, with advice for those who have typed
// it as an argument.
func (a Answer) reason() string {
	var t *doctor.TargetError
	switch {
	case !errors.As(a.Err, &t):
		return "cannot be scraped yet: " + a.Err.Error() + "."
	case t.Empty():
		return "has nothing to scrape yet: " + t.Text(scrapeerror.Arguments)
	}
	return "cannot be scraped yet: " + t.Text(scrapeerror.Arguments)
}

// Ask scrapes every target that is a URL once, all at the same time.
func Ask(ctx context.Context, targets []Target, timeout time.Duration) []Answer {
	answers := make([]Answer, 0, len(targets))
	var all sync.WaitGroup
	for _, t := range targets {
		if t.URL == nil {
			continue
		}
		answers = append(answers, Answer{Target: t})
	}
	for i := range answers {
		all.Go(func() { answers[i].ask(ctx, timeout) })
	}
	all.Wait()
	return answers
}

func (a *Answer) ask(ctx context.Context, timeout time.Duration) {
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
}
