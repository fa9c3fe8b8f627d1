// Package doctor examines the metrics endpoint of a service and says in plain
// words what is wrong with it.
//
// [Examine] fetches the endpoint a few times, as Prometheus would, reads the
// answers with Prometheus's own parsers and runs the checks of one table over
// them (checks.go; a check a file). The result is a [Report]: facts, what the
// series cost, and findings with severity, evidence and cure. docs/doctor.md
// has a section for every check; a test holds both together.
//
// A check that cannot be sure says nothing: a doctor who cries wolf is not
// listened to.
package doctor

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Options say what to examine and how. The zero value of everything but URL is
// sensible.
type Options struct {
	// URL is a URL, host:port or :port. Without a path, /metrics is asked for.
	URL string
	// Scrapes is how many times the endpoint is read for comparison; default 3.
	// Two more ask for the other formats, and four at once look for several
	// processes behind one port.
	Scrapes int
	// Interval is the pause between scrapes; default 1s.
	Interval time.Duration
	// Timeout is how long one scrape may take; default 10s, as in Prometheus.
	Timeout time.Duration
	// ScrapeInterval is what the cost is reckoned for; default 15s.
	ScrapeInterval time.Duration
	// Instances is how many such processes will be scraped; default 1.
	Instances int
	// Header is sent with every scrape, for example Authorization.
	Header http.Header
	// Client makes the requests, for TLS and authentication; default: a plain
	// one. Connections are not reused in any case, so that each scrape may
	// meet another process.
	Client *http.Client

	now       func() time.Time // the clock; set by tests
	anonymous *http.Client     // carries no credentials; set by tests
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

// Examine scrapes the service and reports what it found. The error is a
// [*TargetError] if there was nothing to examine: it says what is in the way
// and what to do about it.
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

// report runs every check. The order of findings is that of severity, then
// that of the table.
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
