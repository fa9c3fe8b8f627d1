package doctor

import (
	"fmt"
	"net/http"
)

var scrapeFails = check{
	id:         "scrape-fails",
	summary:    "Some scrapes fail while others succeed.",
	severities: []Severity{Error},
	run:        findFailedScrapes,
}

// Concurrent scrapes do not count: an endpoint may limit them. Nor does a rate limit
// (429), which Prometheus would not reach.
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
		Severity: Error, Title: "Some scrapes fail",
		Evidence: fmt.Sprintf("%d of %d failed; the last: %s", failed, len(e.visits), reason),
		Fix: "Each failed scrape leaves a gap in every graph, and up is 0. Check the service's log for that time; " +
			"if there are several instances behind the address, scrape each one separately.",
	})
}
