package doctor

import (
	"fmt"
	"slices"
)

var growth = check{
	id:    "growth",
	looks: "A label gets many new values between the first and the last scrape.",
	gives: []Severity{Warning},
	run:   findGrowth,
}

// fastGrowth is how many new values in a few seconds are no warming up, if
// half as many came between the last two scrapes.
const fastGrowth = 10

// Several processes show different series each: that is no growth.
func findGrowth(e *examination) []Finding {
	if e.first == e.main || e.history().verdict() != steady {
		return nil
	}
	var found []Finding
	told := map[string]bool{}
	for _, f := range e.main.families {
		before := e.first.byName[f.name]
		if before == nil {
			continue
		}
		for _, label := range f.labelNames() {
			fresh := newValues(before.values(label), f.values(label))
			if len(fresh) < fastGrowth || told[label] || !e.stillGrowing(f, label) {
				continue
			}
			told[label] = true
			found = append(found, Finding{
				Severity: Warning, Title: fmt.Sprintf("The label %s keeps getting new values", label), Metric: f.name, Label: label,
				Evidence: fmt.Sprintf("%d new ones in %s: %s, in %s.", len(fresh), durationText(e.seconds()), few(fresh), f.name),
				Cure:     "A label's values should be known when the program is written. Fold what comes from outside into a few classes, or leave the label out.",
			})
		}
	}
	return found
}

// stillGrowing: a service that has just started meets its routes one by one,
// and then knows them.
func (e *examination) stillGrowing(f *family, label string) bool {
	before := e.later.byName[f.name]
	return before != nil && len(newValues(before.values(label), f.values(label))) >= fastGrowth/2
}

func newValues(before, after map[string]int) []string {
	var fresh []string
	for v := range after {
		if before[v] == 0 {
			fresh = append(fresh, v)
		}
	}
	slices.Sort(fresh)
	return fresh
}

// seconds from the first scrape to the newest.
func (e *examination) seconds() float64 {
	return e.newest.began.Sub(e.visits[0].began).Seconds()
}
