package doctor

import (
	"context"
	"time"

	promhistogram "github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// A Scraper scrapes one endpoint repeatedly. It requests native histograms as Prometheus
// does, and reuses its connection: another one might reach another process with different
// counts.
type Scraper struct{ fetch *fetcher }

// NewScraper returns a Scraper of o.URL. It uses the options Header, Timeout and Client.
// The agent is its User-Agent.
func NewScraper(o Options, agent string) (*Scraper, error) {
	o = o.withDefaults()
	target, err := parseTarget(o.URL)
	if err != nil {
		return nil, err
	}
	f := newFetcher(o, target)
	f.agent, f.stay = agent, true
	return &Scraper{fetch: f}, nil
}

// URL returns the URL of the metrics, without a password.
func (s *Scraper) URL() string { return shown(s.fetch.target) }

// A Scrape is the result of one scrape.
type Scrape struct {
	At       time.Time           // time of the request
	Families map[string][]string // label names by family name, for schema.Detect
	Samples  []Sample
}

// A Sample is one value of a series.
type Sample struct {
	Name   string
	Labels labels.Labels // with the name
	Value  float64
	Native *promhistogram.FloatHistogram // nil for a float
}

// Scrape scrapes the endpoint once. The error is a [*TargetError], which explains the
// problem in plain words.
func (s *Scraper) Scrape(ctx context.Context) (Scrape, error) {
	v := s.fetch.get(ctx, asProtobuf)
	if err := s.fetch.obstacle(v); err != nil {
		return Scrape{}, err
	}
	x := parseExposition(v.body, v.contentType)
	if e := x.parseError; e != nil {
		return Scrape{}, s.fetch.unreadable(v, e.Err)
	}
	return x.scrape(v.began), nil
}

// Probe scrapes the text format once and returns the label names by family, for
// schema.Detect, and the number of series. The error is a [*TargetError], also if
// Prometheus would reject metrics that doctor can read.
func (s *Scraper) Probe(ctx context.Context) (families map[string][]string, series int, err error) {
	v := s.fetch.get(ctx, asText)
	if err := s.fetch.obstacle(v); err != nil {
		return nil, 0, err
	}
	x := parseExposition(v.body, v.contentType)
	if err := s.fetch.refusal(v, x); err != nil {
		return nil, 0, err
	}
	return x.labelNames(func(*family) bool { return true }), x.series, nil
}

func (x *exposition) scrape(at time.Time) Scrape {
	all := Scrape{At: at, Families: x.labelNames(func(*family) bool { return true })}
	for _, f := range x.families {
		for _, m := range f.samples {
			all.Samples = append(all.Samples, Sample{Name: m.name, Labels: m.labels, Value: m.value, Native: m.spread})
		}
	}
	return all
}
