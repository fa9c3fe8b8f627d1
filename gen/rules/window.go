package rules

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A span is the rate window of some jobs.
type span struct {
	window time.Duration
	jobs   string // a matcher on the label job, "" for all
}

// spans are the rate windows of the jobs. Jobs that are not listed get the longest: a
// rate over too long a window is smooth, a rate over fewer than two scrapes does not
// exist.
func (o Options) spans() []span {
	byWindow := make(map[time.Duration][]string)
	for job, interval := range o.Intervals {
		w := o.windowFor(interval)
		byWindow[w] = append(byWindow[w], job)
	}
	windows := slices.Sorted(maps.Keys(byWindow))
	if len(windows) < 2 {
		return []span{{window: o.windowFor(o.slowest())}}
	}
	var all []span
	var named []string
	for _, w := range windows[:len(windows)-1] {
		all = append(all, span{w, "job=~" + anyOf(byWindow[w])})
		named = append(named, byWindow[w]...)
	}
	return append(all, span{windows[len(windows)-1], "job!~" + anyOf(named)})
}

// windowFor is four scrapes, so that a missed scrape does not lose the rate.
func (o Options) windowFor(interval time.Duration) time.Duration { return max(o.Window, 4*interval) }

// slowest is the longest interval, 0 if none is known.
func (o Options) slowest() (longest time.Duration) {
	for _, interval := range o.Intervals {
		longest = max(longest, interval)
	}
	return longest
}

// anyOf is a regular expression, quoted for PromQL.
func anyOf(jobs []string) string {
	slices.Sort(jobs)
	quoted := make([]string, len(jobs))
	for i, j := range jobs {
		quoted[i] = regexp.QuoteMeta(j)
	}
	return strconv.Quote(strings.Join(quoted, "|"))
}
