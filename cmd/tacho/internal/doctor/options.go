package doctor

import (
	"net/http"
	"time"
)

// Options configure a check. Only URL is required.
type Options struct {
	// URL is a URL, host:port or :port. The default path is /metrics.
	URL string
	// Scrapes is the number of scrapes to compare; default 3. Two more request
	// the other formats, and four concurrent ones detect several processes behind
	// one port.
	Scrapes int
	// Interval is the pause between scrapes; default 1s.
	Interval time.Duration
	// Timeout limits one scrape; default 10s, as in Prometheus.
	Timeout time.Duration
	// ScrapeInterval is the interval for the cost estimate; default 15s.
	ScrapeInterval time.Duration
	// Instances is the number of scraped processes for the cost estimate; default 1.
	Instances int
	// Header is sent with every scrape, for example Authorization.
	Header http.Header
	// Client sends the requests, for TLS and authentication; default: a plain
	// client. Connections are never reused, so that each scrape may reach a
	// different process.
	Client *http.Client

	now       func() time.Time // the clock; set by tests
	anonymous *http.Client     // without credentials; set by tests
}

func (o Options) withDefaults() Options {
	setDefault(&o.Scrapes, 3)
	setDefault(&o.Interval, time.Second)
	setDefault(&o.Timeout, 10*time.Second)
	setDefault(&o.ScrapeInterval, 15*time.Second)
	setDefault(&o.Instances, 1)
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.anonymous == nil {
		o.anonymous = anonymousClient()
	}
	return o
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
