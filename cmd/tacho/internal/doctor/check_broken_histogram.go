package doctor

import (
	"fmt"
	"strconv"
)

var brokenHistogram = check{
	id:         "broken-histogram",
	summary:    "A histogram has no +Inf bucket, decreasing buckets, or a count that differs from +Inf.",
	severities: []Severity{Error},
	run:        findBrokenHistograms,
}

func findBrokenHistograms(e *examination) []Finding {
	var found []Finding
	for _, f := range e.main.families {
		for _, h := range f.histograms() {
			if fault := h.fault(); fault != "" {
				found = append(found, Finding{
					Severity: Error, Title: "The histogram " + f.name + " is broken", Metric: f.name,
					Evidence: fmt.Sprintf("%s: %s.", shorten(f.name+h.labels.StringNoSpace(), 100), fault),
					Fix:      "histogram_quantile returns wrong values or nothing. Use a client library to write the complete histogram from one snapshot.",
				})
				break // one label set is enough
			}
		}
	}
	return found
}

func (h histogram) fault() string {
	if !h.complete() {
		return "the +Inf bucket is missing"
	}
	for i := 1; i < len(h.buckets); i++ {
		if a, b := h.buckets[i-1], h.buckets[i]; b.count < a.count {
			return fmt.Sprintf("bucket le=%q has %s observations, le=%q has %s: buckets are cumulative",
				bound(a.le), number(a.count), bound(b.le), number(b.count))
		}
	}
	if last := h.buckets[len(h.buckets)-1].count; h.counted && last != h.count {
		return fmt.Sprintf("the +Inf bucket has %s observations, but _count is %s", number(last), number(h.count))
	}
	return ""
}

func bound(le float64) string { return strconv.FormatFloat(le, 'g', -1, 64) }
