package doctor

import (
	"fmt"
	"strings"
)

var duplicateSamples = check{
	id:    "duplicate-samples",
	looks: "A series is there twice in one scrape; Prometheus keeps one of both.",
	gives: []Severity{Error},
	run:   findDuplicateSamples,
}

func findDuplicateSamples(e *examination) []Finding {
	if e.main.doubled == 0 {
		return nil
	}
	metric, _, _ := strings.Cut(e.main.duplicates[0], "{")
	return one(Finding{
		Severity: Error, Title: "The same series is there twice in one scrape", Metric: metric,
		Evidence: fmt.Sprintf("%s more than once: %s.", plural(e.main.doubled, "series", "series"), shorten(strings.Join(e.main.duplicates, ", "), 200)),
		Cure: "Prometheus keeps the first, drops the others and counts them in prometheus_target_scrapes_sample_duplicate_timestamp_total. " +
			"Two collectors export the same metric, or a label that told them apart is missing.",
	})
}
