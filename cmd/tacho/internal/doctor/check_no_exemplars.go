package doctor

import "fmt"

var noExemplars = check{
	id:    "no-exemplars",
	looks: "Latency histograms have no exemplars although the service speaks a format that carries them.",
	gives: []Severity{Info},
	run:   findNoExemplars,
}

func findNoExemplars(e *examination) []Finding {
	if !e.speaksExemplars() || e.main.exemplars > 0 || e.proto != nil && e.proto.exemplars > 0 {
		return nil
	}
	for _, f := range e.main.families {
		if looksLikeDuration(f) && !f.fromLibrary() && len(f.histograms()) > 0 {
			return one(Finding{
				Severity: Info, Title: "No exemplars: a slow bucket leads to no trace", Metric: f.name,
				Evidence: fmt.Sprintf("%s has no exemplars in %s.", f.name, e.formats()[0]),
				Cure:     "If you trace requests, hand the trace id to the histogram: Options.TraceFunc in tacho, ObserveWithExemplar in client_golang, exemplar= in Python.",
			})
		}
	}
	return nil
}
