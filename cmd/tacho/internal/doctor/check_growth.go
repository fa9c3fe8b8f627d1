package doctor

import (
	"fmt"
	"slices"
)

var growth = check{
	id:         "growth",
	summary:    "A label gets many new values between the first and the last scrape.",
	severities: []Severity{Warning},
	run:        findGrowth,
}

// fastGrowth is the number of new values in a few seconds that is more than warm-up, if
// half as many appeared between the last two scrapes.
const fastGrowth = 10

// Several processes export different series: that is not growth.
func findGrowth(e *examination) []Finding {
	if e.first == e.main || e.history().verdict() != steady {
		return nil
	}
	var found []Finding
	reported := map[string]bool{}
	for _, f := range e.main.families {
		before := e.first.byName[f.name]
		if before == nil {
			continue
		}
		for _, label := range f.labelNames() {
			added := newValues(before.values(label), f.values(label))
			if len(added) < fastGrowth || reported[label] || !e.stillGrowing(f, label) {
				continue
			}
			reported[label] = true
			found = append(found, Finding{
				Severity: Warning, Title: fmt.Sprintf("The label %s keeps getting new values", label), Metric: f.name, Label: label,
				Evidence: fmt.Sprintf("%d new values in %s: %s, in %s.", len(added), durationText(e.seconds()), few(added), f.name),
				Fix:      "The values of a label should be known when the program is written. Map external input to a few classes, or remove the label.",
			})
		}
	}
	return found
}

// stillGrowing excludes a service that has just started and sees its routes for the
// first time.
func (e *examination) stillGrowing(f *family, label string) bool {
	before := e.later.byName[f.name]
	return before != nil && len(newValues(before.values(label), f.values(label))) >= fastGrowth/2
}

func newValues(before, after map[string]int) []string {
	var added []string
	for v := range after {
		if before[v] == 0 {
			added = append(added, v)
		}
	}
	slices.Sort(added)
	return added
}

// seconds from the first scrape to the newest.
func (e *examination) seconds() float64 {
	return e.newest.began.Sub(e.visits[0].began).Seconds()
}
