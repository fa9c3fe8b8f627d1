package doctor

import (
	"fmt"
	"maps"
	"slices"
)

var manyValues = check{
	id:         "many-values",
	summary:    "A label has more than 500 values in one metric.",
	severities: []Severity{Warning, Error},
	run:        findManyValues,
}

// Prometheus's documentation recommends fewer than ten values, and investigating above a
// hundred. At these numbers, every query is slow.
const (
	manyLabelValues    = 500
	tooManyLabelValues = 5000
)

func findManyValues(e *examination) []Finding {
	var found []Finding
	for _, f := range e.main.families {
		for _, label := range f.labelNames() {
			values := f.values(label)
			if len(values) <= manyLabelValues || e.blamed[label] {
				continue
			}
			e.blamed[label] = true // reported once, with the first metric
			found = append(found, manyFinding(f, label, slices.Collect(maps.Keys(values))))
		}
	}
	return found
}

func manyFinding(f *family, label string, values []string) Finding {
	severity := Warning
	if len(values) > tooManyLabelValues {
		severity = Error
	}
	return Finding{
		Severity: severity, Title: fmt.Sprintf("The label %s has %d values", label, len(values)), Metric: f.name, Label: label,
		Evidence: fmt.Sprintf("%s: %s in %s.", few(values), plural(f.seriesCount(), "series", "series"), f.name),
		Fix:      "Remove the label, or map its values to classes. Until then, metric_relabel_configs can drop the metric.",
	}
}
