package doctor

import "fmt"

var slowScrape = check{
	id:    "slow-scrape",
	looks: "A scrape takes longer than half a second, a second, or half of the timeout.",
	gives: []Severity{Info, Warning, Error},
	run:   findSlowScrape,
}

func findSlowScrape(e *examination) []Finding {
	times := e.times()
	median, slowest := times[len(times)/2].Seconds(), times[len(times)-1].Seconds()
	timeout := e.options.Timeout.Seconds()
	severity := Info
	switch {
	case median >= timeout/2:
		severity = Error
	case median >= 1:
		severity = Warning
	case median < 0.5:
		return nil
	}
	return one(Finding{
		Severity: severity, Title: "Scrapes are slow",
		Evidence: fmt.Sprintf("Half of %d took %s or more, the slowest %s; the timeout is %s.", len(times),
			durationText(median), durationText(slowest), durationText(timeout)),
		Cure: "Past the timeout there is no data at all. Few series make it fast; a collector that asks a database at every scrape " +
			"should keep its last answer. Python's multiprocess directory needs the files of dead workers removed.",
	})
}
