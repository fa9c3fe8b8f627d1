package doctor

var contentType = check{
	id:    "content-type",
	looks: "The Content-Type is missing or is none that Prometheus knows, so that Prometheus 3 refuses the answer.",
	gives: []Severity{Error},
	run:   findContentType,
}

func findContentType(e *examination) []Finding {
	if e.main.typeError == nil {
		return nil
	}
	said := "no Content-Type"
	if e.newest.contentType != "" {
		said = "Content-Type: " + e.newest.contentType
	}
	return one(Finding{
		Severity: Error, Title: "Prometheus 3 refuses the Content-Type",
		Evidence: "The answer has " + said + ".",
		Cure: "Send text/plain; version=0.0.4 (or let the client library's handler answer). " +
			"Until then set fallback_scrape_protocol: PrometheusText0.0.4 in the scrape configuration.",
	})
}
