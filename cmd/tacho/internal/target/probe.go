package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
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
		return fmt.Sprintf("does not answer yet (%s); it is asked again and again", a.reason())
	case len(a.Schemas) == 0:
		return fmt.Sprintf("%d series; no HTTP metrics that are known: rates and latencies need them, see docs/frameworks.md", a.Series)
	}
	names := make([]string, len(a.Schemas))
	for i, s := range a.Schemas {
		names[i] = s.Name
	}
	return fmt.Sprintf("%d series, speaks %s", a.Series, strings.Join(names, " and "))
}

func (a Answer) reason() string {
	switch {
	case errors.Is(a.Err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.Is(a.Err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return a.Err.Error()
}

// Ask scrapes every target that is a URL once, all at the same time.
func Ask(ctx context.Context, targets []Target, timeout time.Duration) []Answer {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answers := make([]Answer, 0, len(targets))
	var all sync.WaitGroup
	for _, t := range targets {
		if t.URL == nil {
			continue
		}
		answers = append(answers, Answer{Target: t})
	}
	for i := range answers {
		all.Go(func() { answers[i].ask(ctx) })
	}
	all.Wait()
	return answers
}

// largest is how much of an answer is read to learn what it is.
const largest = 64 << 20

func (a *Answer) ask(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Target.URL.String(), nil)
	if err != nil {
		a.Err = err
		return
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Err = plain(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		a.Err = fmt.Errorf("it answers %s", resp.Status)
		return
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, largest))
	if err != nil {
		a.Err = plain(err)
		return
	}
	families, series, err := read(body, resp.Header.Get("Content-Type"))
	if err != nil {
		a.Err = err
		return
	}
	a.Series, a.Schemas = series, schema.Detect(families)
}

// plain leaves the URL out of a client's error: the reader sees it anyway.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// read lists the families of an exposition with the names of their labels.
func read(body []byte, contentType string) (families map[string][]string, series int, err error) {
	if media, _, _ := mime.ParseMediaType(contentType); media == "text/html" {
		return nil, 0, errors.New("it answers with an HTML page, not with metrics: is the path right?")
	}
	families, series, err = doctor.Families(body, contentType)
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("it answers with something that Prometheus cannot read: %w", err)
	case len(families) == 0:
		return nil, 0, errors.New("it answers with no metrics")
	}
	return families, series, nil
}
