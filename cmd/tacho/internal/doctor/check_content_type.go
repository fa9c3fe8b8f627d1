package doctor

import "github.com/tacho-go/tacho/internal/scrapeerror"

var contentType = check{
	id:         "content-type",
	summary:    "The Content-Type is missing or unknown, so Prometheus 3 rejects the response.",
	severities: []Severity{Error},
	run:        findContentType,
}

func findContentType(e *examination) []Finding {
	if e.main.typeError == nil {
		return nil
	}
	x := wrongType(e.newest.contentType, scrapeerror.Target{URL: e.target.String()})
	return one(Finding{
		Severity: Error, Title: "Prometheus 3 rejects the Content-Type",
		Evidence: x.What(scrapeerror.English), Fix: x.Fix(scrapeerror.Config, scrapeerror.English),
	})
}
