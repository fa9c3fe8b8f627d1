package doctor

var empty = check{
	id:    "empty",
	looks: "The endpoint answers, but there is no series in the answer.",
	gives: []Severity{Warning},
	run:   findEmpty,
}

func findEmpty(e *examination) []Finding {
	if e.main.series > 0 || e.main.parseError != nil {
		return nil
	}
	return one(Finding{
		Severity: Warning, Title: "There are no metrics",
		Evidence: "The answer is well-formed and has no series.",
		Cure:     "The handler may serve another registry than the one that the metrics are registered in.",
	})
}
