package doctor

var empty = check{
	id:         "empty",
	summary:    "The response contains no series.",
	severities: []Severity{Warning},
	run:        findEmpty,
}

func findEmpty(e *examination) []Finding {
	if e.main.series > 0 || e.main.parseError != nil {
		return nil
	}
	return one(Finding{
		Severity: Warning, Title: "There are no metrics",
		Evidence: "The response is valid but contains no series.",
		Fix:      "The handler may export a different registry from the one in which the metrics are registered.",
	})
}
