package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var reservedLabels = check{
	id:         "reserved-labels",
	summary:    "Series have the labels job or instance, which Prometheus renames to exported_job and exported_instance.",
	severities: []Severity{Info},
	run:        findReservedLabels,
}

func findReservedLabels(e *examination) []Finding {
	metrics := map[string][]string{}
	for _, f := range e.main.families {
		for _, label := range f.labelNames() {
			if label == "job" || label == "instance" {
				metrics[label] = append(metrics[label], f.name)
			}
		}
	}
	if len(metrics) == 0 {
		return nil
	}
	labels := slices.Sorted(maps.Keys(metrics))
	return one(Finding{
		Severity: Info, Title: "Series have the label " + strings.Join(labels, " and ") + " of their own",
		Metric: metrics[labels[0]][0], Label: labels[0],
		Evidence: fmt.Sprintf("In %s.", names(metrics[labels[0]])),
		Fix:      "Prometheus sets job and instance itself and renames these to exported_job and exported_instance. Choose another name, or set honor_labels if the endpoint exports metrics of other targets.",
	})
}
