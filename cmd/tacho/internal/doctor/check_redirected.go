package doctor

var redirected = check{
	id:    "redirected",
	looks: "The address redirects to another one.",
	gives: []Severity{Info},
	run:   findRedirect,
}

func findRedirect(e *examination) []Finding {
	to := e.visits[0].location
	if to == "" {
		return nil
	}
	return one(Finding{
		Severity: Info, Title: "The address redirects",
		Evidence: shown(e.target) + " leads to " + to + ".",
		Cure:     "Every scrape pays for the detour, and with follow_redirects: false there is no scrape. Scrape the final address.",
	})
}
