package doctor

import (
	"fmt"
	"strings"
)

var units = check{
	id:         "units",
	summary:    "Metrics are in milliseconds, kilobytes or percent instead of seconds, bytes and ratios.",
	severities: []Severity{Info, Warning},
	run:        findUnits,
}

func findUnits(e *examination) []Finding {
	texts, metrics := lintByText(e.lintProblems(), true)
	var found []Finding
	for _, text := range texts {
		evidence := fmt.Sprintf("%s: %s.", plural(len(metrics[text]), "metric", "metrics"), names(metrics[text]))
		if other := e.inBaseUnit(text); other != "" {
			evidence += fmt.Sprintf(" Others, such as %s, are in the base unit.", other)
		}
		found = append(found, Finding{
			Severity: e.lintSeverity(Warning, metrics[text]), Title: "Not in the base unit: " + text, Metric: metrics[text][0], Evidence: evidence,
			Fix: "Dashboards and alerts expect seconds, bytes and ratios; mixed units lead to values that are off by a factor of 1000. " +
				"Record the base unit and put it in the name; Grafana displays it as ms or MB.",
		})
	}
	return found
}

// inBaseUnit returns a metric in the recommended unit.
func (e *examination) inBaseUnit(text string) string {
	parts := strings.Split(text, `"`)
	if len(parts) < 2 {
		return ""
	}
	for _, f := range e.text.families {
		if strings.Contains(f.name, "_"+parts[1]) && !f.fromLibrary() {
			return f.name
		}
	}
	return ""
}
