package doctor

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/tacho-go/tacho/schema"
)

var budget = check{
	id:         "budget",
	summary:    "More than 80% of tacho's series budget is spent.",
	severities: []Severity{Warning},
	run:        findBudget,
}

// nearlySpent is the warning threshold of docs/metrics.md.
const nearlySpent = 0.8

func findBudget(e *examination) []Finding {
	limits := map[string]float64{}
	e.main.each(schema.SeriesLimit.Name, func(set labels.Labels, v float64) { limits[set.Get("metric")] = v })
	var found []Finding
	e.main.each(schema.Series.Name, func(set labels.Labels, v float64) {
		metric := set.Get("metric")
		if limit := limits[metric]; limit > 0 && v > nearlySpent*limit {
			found = append(found, Finding{
				Severity: Warning, Title: "The series budget of " + metric + " is nearly spent", Metric: metric,
				Evidence: fmt.Sprintf("It has %s label sets; the limit is %s.", number(v), number(limit)),
				Fix:      "Beyond the limit, new label values go to __overflow__. Check which label has the most values. If they are all legitimate, raise Options.SeriesLimit.",
			})
		}
	})
	return found
}
