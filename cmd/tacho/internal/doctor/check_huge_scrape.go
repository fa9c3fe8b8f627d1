package doctor

import "fmt"

var hugeScrape = check{
	id:         "huge-scrape",
	summary:    "One scrape has more than 10,000 series or 10 MB.",
	severities: []Severity{Warning, Error},
	run:        findHugeScrape,
}

const (
	manySeries    = 10_000
	tooManySeries = 100_000
	largeBody     = 10_000_000
	tooLargeBody  = 100_000_000
)

func findHugeScrape(e *examination) []Finding {
	f := e.facts()
	severity := Warning
	switch {
	case f.Series >= tooManySeries, f.Bytes >= tooLargeBody:
		severity = Error
	case f.Series < manySeries && f.Bytes < largeBody:
		return nil
	}
	return one(Finding{
		Severity: severity, Title: "Scrapes are huge", Metric: f.Largest[0].Metric,
		Evidence: fmt.Sprintf("%s, %s; the largest: %s.", plural(f.Series, "series", "series"), bytesText(f.Bytes), largestText(f.Largest)),
		Fix:      "Check the labels of the largest metrics: one of them multiplies the series. For histograms, use fewer buckets or native histograms.",
	})
}
