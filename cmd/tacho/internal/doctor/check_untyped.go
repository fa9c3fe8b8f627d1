package doctor

import (
	"fmt"

	"github.com/prometheus/common/model"
)

var untyped = check{
	id:         "untyped",
	summary:    "Metrics have no TYPE line.",
	severities: []Severity{Info},
	run:        findUntyped,
}

func findUntyped(e *examination) []Finding {
	bare := e.main.where(func(f *family) bool { return f.kind == model.MetricTypeUnknown && f.types == 0 })
	if len(bare) == 0 || e.main.parseError != nil {
		return nil
	}
	return one(Finding{
		Severity: Info, Title: "Metrics have no type", Metric: bare[0].name,
		Evidence: fmt.Sprintf("%s: %s.", plural(len(bare), "metric", "metrics"), names(metricsOf(bare))),
		Fix:      "Write a TYPE line before the samples: dashboards use it to decide about rate, and doctor's bucket checks need it.",
	})
}
