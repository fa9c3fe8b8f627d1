package doctor

import (
	"maps"
	"slices"
)

var counterFalls = check{
	id:    "counter-falls",
	looks: "A metric of type counter goes down while the others of the process do not.",
	gives: []Severity{Error},
	run:   findCounterFalls,
}

func findCounterFalls(e *examination) []Finding {
	h := e.history()
	if h.verdict() != notCounters {
		return nil
	}
	fell := slices.Sorted(maps.Keys(h.families))
	return one(Finding{
		Severity: Error, Title: "A counter goes down: " + names(fell),
		Evidence: h.evidence(), Metric: fell[0],
		Cure: "Prometheus takes each drop for a restart and adds the whole value again. A number that can fall is a gauge; " +
			"a counter is only ever added to, and never set from elsewhere unless that only rises.",
	})
}
