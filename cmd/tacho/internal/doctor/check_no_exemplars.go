package doctor

import "fmt"

var noExemplars = check{
	id:         "no-exemplars",
	summary:    "Latency histograms have no exemplars although the service supports a format with exemplars.",
	severities: []Severity{Info},
	run:        findNoExemplars,
}

func findNoExemplars(e *examination) []Finding {
	if !e.supportsExemplars() || e.main.exemplars > 0 || e.proto != nil && e.proto.exemplars > 0 {
		return nil
	}
	for _, f := range e.main.families {
		if looksLikeDuration(f) && !f.fromLibrary() && len(f.histograms()) > 0 {
			return one(Finding{
				Severity: Info, Title: "No exemplars: a slow bucket cannot be linked to a trace", Metric: f.name,
				Evidence: fmt.Sprintf("%s has no exemplars in %s.", f.name, e.formats()[0]),
				Fix:      "If you trace requests, pass the trace ID to the histogram: Options.TraceFunc in tacho, ObserveWithExemplar in client_golang, exemplar= in Python.",
			})
		}
	}
	return nil
}
