package doctor

import "fmt"

var duplicateFamilies = check{
	id:    "duplicate-families",
	looks: "A metric has more than one TYPE or HELP line.",
	gives: []Severity{Warning},
	run:   findDuplicateFamilies,
}

func findDuplicateFamilies(e *examination) []Finding {
	twice := e.main.where(func(f *family) bool { return f.types > 1 || f.helps > 1 })
	if len(twice) == 0 {
		return nil
	}
	return one(Finding{
		Severity: Warning, Title: "Metrics are declared twice: " + names(metricsOf(twice)), Metric: twice[0].name,
		Evidence: fmt.Sprintf("%s has %d TYPE and %d HELP lines in one scrape.", twice[0].name, twice[0].types, twice[0].helps),
		Cure: "The format allows one declaration a metric, and other scrapers refuse the rest. Two registries or exporters are " +
			"written one after the other: gather them together.",
	})
}
