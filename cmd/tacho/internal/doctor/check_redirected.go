package doctor

var redirected = check{
	id:         "redirected",
	summary:    "The address redirects to another one.",
	severities: []Severity{Info},
	run:        findRedirect,
}

func findRedirect(e *examination) []Finding {
	to := e.visits[0].location
	if to == "" {
		return nil
	}
	return one(Finding{
		Severity: Info, Title: "The address redirects",
		Evidence: shown(e.target) + " redirects to " + to + ".",
		Fix:      "The redirect slows every scrape, and with follow_redirects: false scrapes fail. Scrape the final address.",
	})
}
