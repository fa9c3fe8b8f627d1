package doctor

import (
	"context"
	"time"

	promhistogram "github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// A Scraper reads one endpoint again and again, for those who watch it. It asks
// as Prometheus does that takes native histograms, too, and stays on its
// connection: another one might lead to another process, with other counts.
type Scraper struct{ fetch *fetcher }

// NewScraper understands o.URL; of the other options it uses Header, Timeout
// and Client. The agent is the name that it gives itself.
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

// URL is where the metrics are, without a password.
func (s *Scraper) URL() string { return shown(s.fetch.target) }

// A Scrape is what one visit brought.
type Scrape struct {
	At       time.Time           // when it was asked for
	Families map[string][]string // by name, with the names of their labels, for schema.Detect
	Samples  []Sample
}

// A Sample is one value of a series.
type Sample struct {
	Name   string
	Labels labels.Labels // with the name
	Value  float64
	Native *promhistogram.FloatHistogram // nil if it is a number
}

// Scrape makes one visit. The error is a [*TargetError]: it says in plain words
// why there are no metrics.
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

// Probe makes one visit for the text format and returns the families with the names of
// their labels, for schema.Detect, and the number of series. The error is a
// [*TargetError], also where Prometheus would keep nothing of metrics that could be read.
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
