package doctor

import (
	"fmt"
	"strings"
)

var timestamps = check{
	id:    "timestamps",
	looks: "Samples carry timestamps of their own, so that Prometheus does not notice when a series ends.",
	gives: []Severity{Warning},
	run:   findTimestamps,
}

func findTimestamps(e *examination) []Finding {
	if e.main.stamped == 0 {
		return nil
	}
	metric, _, _ := strings.Cut(e.main.timestamps[0], "{")
	return one(Finding{
		Severity: Warning, Title: "Samples carry their own timestamps", Metric: metric,
		Evidence: fmt.Sprintf("%d of %s, such as %s.", e.main.stamped, plural(e.main.series, "series", "series"), shorten(e.main.timestamps[0], 100)),
		Cure: "A series with timestamps goes on for five minutes after it is gone, and old or future ones are refused. " +
			"Leave timestamps out: Prometheus takes the time of the scrape. Else set track_timestamps_staleness, or honor_timestamps: false.",
	})
}
