package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tacho-go/tacho/cmd/tacho/internal/top"
	"github.com/tacho-go/tacho/verdict"
)

// verdictTimeout limits how long tacho top waits for a server, so that the table is never late.
const verdictTimeout = 2 * time.Second

// A topVerdict asks a server for its verdict of the service that tacho top shows.
type topVerdict struct {
	api    verdict.API
	urls   []string // of the service's metrics
	wanted bool     // the server was named: its absence is an error
}

// ask returns nil if there is no server, or if it does not scrape the service.
func (t topVerdict) ask(ctx context.Context) *top.Verdict {
	ctx, cancel := context.WithTimeout(ctx, verdictTimeout)
	defer cancel()
	s, err := t.service(ctx)
	switch {
	case err != nil && t.wanted:
		return &top.Verdict{Text: "no verdict: " + err.Error()}
	case err != nil:
		return nil
	}
	words := verdict.Words{Location: time.Local, Now: time.Now()}
	return &top.Verdict{
		Text:       s.Sentence(words),
		Unhealthy:  exitState[s.State] != 0,
		LimitsFunc: func(path string) (float64, float64) { l := s.LimitsOf(path); return l.ErrorRatio, l.Latency },
	}
}

func (t topVerdict) service(ctx context.Context) (*verdict.Service, error) {
	v, err := servedVerdict(ctx, t.api)
	if err != nil {
		return nil, err
	}
	job, err := t.job(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Services, func(s verdict.Service) bool { return s.Job == job })
	if job == "" || i < 0 {
		return nil, fmt.Errorf("%s does not scrape this service", t.api.URL)
	}
	return &v.Services[i], nil
}

// job returns the job of the first of the server's targets that is one of the URLs, "" if none is.
func (t topVerdict) job(ctx context.Context) (string, error) {
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				ScrapeURL string            `json:"scrapeUrl"`
				Labels    map[string]string `json:"labels"`
			} `json:"activeTargets"`
		} `json:"data"`
	}
	if err := getJSON(ctx, t.api, "/api/v1/targets?state=active", &answer); err != nil {
		return "", err
	}
	for _, a := range answer.Data.ActiveTargets {
		if slices.ContainsFunc(t.urls, func(u string) bool { return sameTarget(u, a.ScrapeURL) }) {
			return a.Labels["job"], nil
		}
	}
	return "", nil
}

// sameTarget reports whether two URLs are of one host, port and path. All loopback names are one.
func sameTarget(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Port() == y.Port() && x.Path == y.Path && hostOf(x) == hostOf(y)
}

func hostOf(u *url.URL) string {
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return "localhost"
	}
	return u.Hostname()
}

// getJSON decodes a response of a server's API.
func getJSON(ctx context.Context, api verdict.API, path string, into any) error {
	response, err := getFrom(ctx, api, path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s responded with %s", api.URL, path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func getFrom(ctx context.Context, api verdict.API, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, api.URL+path, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range api.Header {
		r.Header[name] = values
	}
	return http.DefaultClient.Do(r)
}
