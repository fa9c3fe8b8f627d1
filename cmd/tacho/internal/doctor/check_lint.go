package doctor

import (
	"fmt"
	"strings"
)

var lint = check{
	id:         "lint",
	summary:    "promlint (promtool check metrics) reports names or help texts.",
	severities: []Severity{Info, Warning},
	run:        findLint,
}

// misleading are the problems that lead to wrong queries; others are a matter of style.
var misleading = []string{
	`counter metrics should have "_total"`,
	`non-counter metrics should not have "_total"`,
	`non-histogram`,
	`non-summary`,
}

func findLint(e *examination) []Finding {
	texts, metrics := lintByText(e.lintProblems(), false)
	var found []Finding
	for _, text := range texts {
		found = append(found, Finding{
			Severity: e.lintSeverity(styleOrWorse(text), metrics[text]), Title: "promlint: " + text, Metric: metrics[text][0],
			Evidence: fmt.Sprintf("%s: %s.", plural(len(metrics[text]), "metric", "metrics"), names(metrics[text])),
			Fix:      "Rename the metric, or add a help text. Export both names until all dashboards use the new one.",
		})
	}
	return found
}

func styleOrWorse(text string) Severity {
	for _, m := range misleading {
		if strings.HasPrefix(text, m) {
			return Warning
		}
	}
	return Info
}

// lintSeverity is info for names of libraries, which their users cannot change.
func (e *examination) lintSeverity(s Severity, metrics []string) Severity {
	for _, name := range metrics {
		if f := e.text.byName[name]; f == nil || !f.fromLibrary() {
			return s
		}
	}
	return Info
}
