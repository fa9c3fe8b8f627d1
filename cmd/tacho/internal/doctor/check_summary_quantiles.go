package doctor

import (
	"fmt"

	"github.com/prometheus/common/model"
)

var summaryQuantiles = check{
	id:         "summary-quantiles",
	summary:    "A summary computes quantiles in the process; quantiles of several instances cannot be aggregated.",
	severities: []Severity{Info},
	run:        findSummaryQuantiles,
}

func findSummaryQuantiles(e *examination) []Finding {
	found := e.main.where(func(f *family) bool {
		return f.kind == model.MetricTypeSummary && !f.fromLibrary() && f.hasQuantiles()
	})
	if len(found) == 0 {
		return nil
	}
	return one(Finding{
		Severity: Info, Title: "Quantiles that cannot be aggregated: " + names(metricsOf(found)), Metric: found[0].name,
		Evidence: fmt.Sprintf("%s, with quantiles computed in the process.", plural(len(found), "summary", "summaries")),
		Fix:      "The average of two 99th percentiles is not a 99th percentile. For more than one instance, or for quantiles over other time ranges, use a histogram.",
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
