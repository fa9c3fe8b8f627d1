// Package doctor checks the metrics endpoint of a service and explains its problems in
// plain words.
//
// [Examine] scrapes the endpoint a few times, as Prometheus would, parses the responses
// with Prometheus's own parsers and runs a table of checks (checks.go; one file per
// check). The result is a [Report]: facts, the estimated cost, and findings with
// severity, evidence and fix. docs/doctor.md has a section for every check; a test
// compares the two.
//
// A check reports nothing if it is not certain: false alarms would make all findings
// worthless.
package doctor

import (
	"context"
	"net/http"
	"slices"
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

// Examine scrapes the service and returns a report. The error is a [*TargetError] if
// the service cannot be scraped; it includes the problem and the fix.
func Examine(ctx context.Context, options Options) (Report, error) {
	options = options.withDefaults()
	target, err := parseTarget(options.URL)
	if err != nil {
		return Report{}, err
	}
	e := &examination{
		options: options, target: target,
		fetch:  newFetcher(options, target),
		blamed: map[string]bool{},
	}
	if err := e.collect(ctx); err != nil {
		return Report{}, err
	}
	return e.report(), nil
}

// report runs all checks. Findings are ordered by severity, then by the table.
func (e *examination) report() Report {
	r := Report{
		Format: 1, URL: shown(e.target),
		Speaks: speaks(e.main), Facts: e.facts(), Findings: []Finding{},
	}
	for _, c := range checks() {
		for _, f := range c.run(e) {
			f.ID = c.id
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	return r
}
