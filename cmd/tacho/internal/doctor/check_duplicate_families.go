package doctor

import "fmt"

var duplicateFamilies = check{
	id:         "duplicate-families",
	summary:    "A metric has more than one TYPE or HELP line.",
	severities: []Severity{Warning},
	run:        findDuplicateFamilies,
}

func findDuplicateFamilies(e *examination) []Finding {
	alternates := e.main.where(func(f *family) bool { return f.types > 1 || f.helps > 1 })
	if len(alternates) == 0 {
		return nil
	}
	return one(Finding{
		Severity: Warning, Title: "Metrics are declared twice: " + names(metricsOf(alternates)), Metric: alternates[0].name,
		Evidence: fmt.Sprintf("%s has %d TYPE and %d HELP lines in one scrape.", alternates[0].name, alternates[0].types, alternates[0].helps),
		Fix: "The format allows one declaration per metric, and other scrapers reject further ones. The output of two registries or " +
			"exporters is concatenated: gather them together.",
	})
}
