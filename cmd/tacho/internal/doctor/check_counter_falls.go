package doctor

import (
	"maps"
	"slices"
)

var counterFalls = check{
	id:         "counter-falls",
	summary:    "A counter decreases although the other counters of the process do not.",
	severities: []Severity{Error},
	run:        findCounterFalls,
}

func findCounterFalls(e *examination) []Finding {
	h := e.history()
	if h.verdict() != notCounters {
		return nil
	}
	fell := slices.Sorted(maps.Keys(h.families))
	return one(Finding{
		Severity: Error, Title: "A counter decreases: " + names(fell),
		Evidence: h.evidence(), Metric: fell[0],
		Fix: "Prometheus interprets each drop as a restart and adds the whole value again. Use a gauge for a value that can decrease; " +
			"if a counter mirrors an external value, that value must only increase.",
	})
}
