package doctor

import (
	"fmt"
	"math"

	"github.com/prometheus/common/model"
)

var nanGauges = check{
	id:         "nan",
	summary:    "A gauge is NaN, so sums and averages over it are NaN too.",
	severities: []Severity{Info, Warning},
	run:        findNaN,
}

func findNaN(e *examination) []Finding {
	var found []Finding
	for _, f := range e.main.families {
		if f.kind != model.MetricTypeGauge {
			continue
		}
		for _, s := range f.samples {
			if math.IsNaN(s.value) {
				found = append(found, nanFinding(f, s))
				break
			}
		}
	}
	return found
}

func nanFinding(f *family, s sample) Finding {
	severity := Warning
	if f.fromLibrary() {
		severity = Info
	}
	return Finding{
		Severity: severity, Title: f.name + " is NaN", Metric: f.name,
		Evidence: fmt.Sprintf("%s is NaN: sums and averages over it are NaN, and no alert on them fires.", shorten(seriesText(s.labels), 100)),
		Fix:      "Omit the series while there is no value, or start with 0; check for divisions by zero.",
	}
}
