package doctor

import (
	"fmt"
	"strings"
)

var duplicateSamples = check{
	id:         "duplicate-samples",
	summary:    "A series occurs twice in one scrape; Prometheus keeps only one.",
	severities: []Severity{Error},
	run:        findDuplicateSamples,
}

func findDuplicateSamples(e *examination) []Finding {
	if e.main.doubled == 0 {
		return nil
	}
	metric, _, _ := strings.Cut(e.main.duplicates[0], "{")
	return one(Finding{
		Severity: Error, Title: "The same series occurs twice in one scrape", Metric: metric,
		Evidence: fmt.Sprintf("%s more than once: %s.", plural(e.main.doubled, "series", "series"), shorten(strings.Join(e.main.duplicates, ", "), 200)),
		Fix: "Prometheus keeps the first, drops the others and counts them in prometheus_target_scrapes_sample_duplicate_timestamp_total. " +
			"Two collectors export the same metric, or a label that distinguishes the series is missing.",
	})
}
