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
	"slices"
)

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
