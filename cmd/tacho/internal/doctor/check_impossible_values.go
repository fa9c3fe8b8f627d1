package doctor

import (
	"fmt"
	"math"
	"strings"

	"github.com/prometheus/common/model"
)

var impossibleValues = check{
	id:         "impossible-values",
	summary:    "A counter, a size, a duration or a number in flight is negative, or a counter is not a number.",
	severities: []Severity{Warning},
	run:        findImpossible,
}

func findImpossible(e *examination) []Finding {
	var found []Finding
	for _, f := range e.main.families {
		if s, ok := f.firstImpossible(); ok {
			found = append(found, Finding{
				Severity: Warning, Title: f.name + " has an impossible value", Metric: f.name,
				Evidence: fmt.Sprintf("%s is %s.", shorten(seriesText(s.labels), 100), number(s.value)),
				Fix: "A gauge is decremented twice, or an unknown size is recorded as -1. Do not observe unknown values; " +
					"pair each Inc of a gauge with one Dec, in a defer.",
			})
		}
	}
	return found
}

func (f *family) firstImpossible() (sample, bool) {
	for _, s := range f.samples {
		if f.impossible(s) {
			return s, true
		}
	}
	return sample{}, false
}

func (f *family) impossible(s sample) bool {
	switch {
	case f.onlyRises(s):
		return s.value < 0 || math.IsNaN(s.value)
	case f.kind == model.MetricTypeHistogram || f.kind == model.MetricTypeSummary:
		measure := strings.Contains(f.name, "_bytes") || strings.Contains(f.name, "_seconds")
		return measure && strings.HasSuffix(s.name, "_sum") && s.value < 0
	case f.kind == model.MetricTypeGauge:
		return inFlightNames.MatchString(f.name) && s.value < 0
	}
	return false
}
