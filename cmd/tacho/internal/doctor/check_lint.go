package doctor

import (
	"fmt"
	"strings"
)

var lint = check{
	id:    "lint",
	looks: "Names and help texts that promlint, and with it promtool check metrics, rejects.",
	gives: []Severity{Info, Warning},
	run:   findLint,
}

// misleading are the problems that make people write wrong queries; others are
// a matter of style.
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
			Cure:     "Rename it, or give it a help text. While dashboards use the old name, export both for a time.",
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

// lintSeverity: names that come with a library are not for its users to mend.
func (e *examination) lintSeverity(s Severity, metrics []string) Severity {
	for _, name := range metrics {
		if f := e.text.byName[name]; f == nil || !f.fromLibrary() {
			return s
		}
	}
	return Info
}
