package doctor

import (
	"fmt"
	"net/http"
)

var scrapeFails = check{
	id:    "scrape-fails",
	looks: "Some scrapes fail while others succeed.",
	gives: []Severity{Error},
	run:   findFailedScrapes,
}

// Scrapes made at once are left out: an endpoint may well limit these. One that
// finds the doctor too frequent has a limit that Prometheus does not meet.
func findFailedScrapes(e *examination) []Finding {
	failed, reason := 0, ""
	for _, v := range e.visits {
		if v.obstacle != nil && v.status != http.StatusTooManyRequests {
			failed, reason = failed+1, v.obstacle.Error()
		}
	}
	if failed == 0 {
		return nil
	}
	return one(Finding{
		Severity: Error, Title: "Scrapes fail now and then",
		Evidence: fmt.Sprintf("%d of %d failed; the last: %s", failed, len(e.visits), reason),
		Cure: "Each failed scrape is a gap in every graph, and up is 0. See the log of the service at that moment; " +
			"if there are several instances behind the address, scrape each by itself.",
	})
}
