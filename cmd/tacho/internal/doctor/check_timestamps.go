package doctor

import (
	"fmt"
	"strings"
)

var timestamps = check{
	id:         "timestamps",
	summary:    "Samples have explicit timestamps, so Prometheus does not notice when a series ends.",
	severities: []Severity{Warning},
	run:        findTimestamps,
}

func findTimestamps(e *examination) []Finding {
	if e.main.stamped == 0 {
		return nil
	}
	metric, _, _ := strings.Cut(e.main.timestamps[0], "{")
	return one(Finding{
		Severity: Warning, Title: "Samples have explicit timestamps", Metric: metric,
		Evidence: fmt.Sprintf("%d of %s, such as %s.", e.main.stamped, plural(e.main.series, "series", "series"), shorten(e.main.timestamps[0], 100)),
		Fix: "A series with timestamps stays visible for five minutes after it ends, and old or future samples are rejected. " +
			"Omit timestamps: Prometheus uses the scrape time. Otherwise set track_timestamps_staleness, or honor_timestamps: false.",
	})
}
