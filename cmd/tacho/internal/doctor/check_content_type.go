package doctor

import (
	"fmt"

	"github.com/tacho-go/tacho/internal/scrapeerror"
)

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
	x := wrongType(e.newest.contentType, scrapeerror.Target{URL: e.target.String()})
	return one(Finding{
		Severity: Error, Title: "Prometheus 3 refuses the Content-Type",
		Evidence: x.What(scrapeerror.English), Cure: x.Fix(scrapeerror.Config, scrapeerror.English),
	})
}

// wrongType explains that these are metrics, and that Prometheus 3 does not believe it.
func wrongType(contentType string, at scrapeerror.Target) scrapeerror.Explanation {
	if contentType == "" {
		return scrapeerror.Of("noType", "", at)
	}
	return scrapeerror.Of("wrongType", fmt.Sprintf("Content-Type %q", contentType), at)
}
