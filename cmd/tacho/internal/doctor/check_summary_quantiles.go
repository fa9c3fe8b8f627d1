package doctor

import (
	"fmt"

	"github.com/prometheus/common/model"
)

var summaryQuantiles = check{
	id:    "summary-quantiles",
	looks: "A summary computes quantiles inside the process; those of several instances cannot be put together.",
	gives: []Severity{Info},
	run:   findSummaryQuantiles,
}

func findSummaryQuantiles(e *examination) []Finding {
	found := e.main.where(func(f *family) bool {
		return f.kind == model.MetricTypeSummary && !f.fromLibrary() && f.hasQuantiles()
	})
	if len(found) == 0 {
		return nil
	}
	return one(Finding{
		Severity: Info, Title: "Quantiles that cannot be put together: " + names(metricsOf(found)), Metric: found[0].name,
		Evidence: fmt.Sprintf("%s, with quantiles reckoned in the process.", plural(len(found), "summary", "summaries")),
		Cure:     "The average of two 99th percentiles is not one. With more than one instance, or to see quantiles over another time, use a histogram.",
	})
}

func (f *family) hasQuantiles() bool {
	for _, s := range f.samples {
		if s.labels.Has("quantile") {
			return true
		}
	}
	return false
}
