package rules

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A jobWindow is the window of the rates of some jobs.
type jobWindow struct {
	window time.Duration
	jobs   string // a matcher on the label job, "" for all
}

// windows returns the windows that the jobs need. Jobs that Intervals does not name get the
// longest: a rate over too long a window is smoothed, one over less than two scrapes does not
// exist.
func (o Options) windows() []jobWindow {
	byWindow := make(map[time.Duration][]string)
	for job, interval := range o.Intervals {
		w := o.windowFor(interval)
		byWindow[w] = append(byWindow[w], job)
	}
	sorted := slices.Sorted(maps.Keys(byWindow))
	if len(sorted) < 2 {
		return []jobWindow{{window: o.windowFor(o.slowest())}}
	}
	var all []jobWindow
	var named []string
	for _, w := range sorted[:len(sorted)-1] {
		all = append(all, jobWindow{w, "job=~" + anyOf(byWindow[w])})
		named = append(named, byWindow[w]...)
	}
	return append(all, jobWindow{sorted[len(sorted)-1], "job!~" + anyOf(named)})
}

// windowFor returns four scrape intervals, so that one missed scrape leaves a rate.
func (o Options) windowFor(interval time.Duration) time.Duration { return max(o.Window, 4*interval) }

// slowest returns the longest scrape interval, 0 if none is known.
func (o Options) slowest() (longest time.Duration) {
	for _, interval := range o.Intervals {
		longest = max(longest, interval)
	}
	return longest
}

// anyOf returns a regular expression that matches any of the jobs, quoted for PromQL.
func anyOf(jobs []string) string {
	slices.Sort(jobs)
	quoted := make([]string, len(jobs))
	for i, j := range jobs {
		quoted[i] = regexp.QuoteMeta(j)
	}
	return strconv.Quote(strings.Join(quoted, "|"))
}
