package doctor

import "fmt"

var slowScrape = check{
	id:         "slow-scrape",
	summary:    "A scrape takes longer than half a second, a second, or half of the timeout.",
	severities: []Severity{Info, Warning, Error},
	run:        findSlowScrape,
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
		Fix: "A scrape that exceeds the timeout yields no data. Reduce the number of series; let a collector that queries a database " +
			"cache its result. In Python's multiprocess mode, remove the files of dead workers.",
	})
}
