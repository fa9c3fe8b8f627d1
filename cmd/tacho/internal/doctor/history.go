package doctor

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A history compares the scrapes with each other.
type history struct {
	began    float64                 // Unix time of the first scrape
	starts   map[uint64]*startSeries // by series
	falls    []fall                  // counters that decreased
	families map[string]bool         // families with a decrease
	rising   int                     // compared counter families without a decrease
	again    bool                    // a decreased value recovered
}

// A fall is a decrease of a counter between scrapes.
type fall struct {
	family, series string
	from, to       float64
}

func (f fall) String() string {
	return fmt.Sprintf("%s was %s, then %s", shorten(f.series, 100), number(f.from), number(f.to))
}

// A tracker compares every counter across rounds. A value is compared with the highest
// value of previous rounds only: concurrent responses have no order.
type tracker struct {
	history
	rounds   int
	compared map[string]bool    // families with a counter seen before
	highest  map[uint64]float64 // by series, over the previous rounds
	fallen   map[uint64]bool    // series that decreased once
}

func newTracker(began time.Time) *tracker {
	return &tracker{
		history: history{
			began:    float64(began.Unix()),
			starts:   map[uint64]*startSeries{},
			families: map[string]bool{},
		},
		compared: map[string]bool{}, highest: map[uint64]float64{}, fallen: map[uint64]bool{},
	}
}

// follow compares a round with the previous ones.
func (t *tracker) follow(round []*visit) {
	t.rounds++
	seen := map[uint64]float64{}
	for _, v := range round {
		if v.exposition == nil {
			continue
		}
		t.noteStarts(v.exposition)
		v.exposition.counters(func(f *family, s sample) {
			id := s.labels.Hash()
			seen[id] = max(seen[id], s.value)
			t.judge(f, s, id)
		})
	}
	for id, v := range seen {
		t.highest[id] = max(t.highest[id], v)
	}
	t.rising = len(t.compared) - len(t.families)
}

func (t *tracker) judge(f *family, s sample, id uint64) {
	before, had := t.highest[id]
	if !had {
		return
	}
	t.compared[f.name] = true
	switch {
	case s.value < before && !clockError(before, s.value):
		t.falls = append(t.falls, fall{f.name, seriesText(s.labels), before, s.value})
		t.families[f.name], t.fallen[id] = true, true
	case t.fallen[id]:
		t.again = true
	}
}

// clockError reports whether a decrease is a correction of an estimated time by the
// operating system or the runtime. Counts are integers and never decrease.
func clockError(before, now float64) bool {
	return before != math.Trunc(before) && (before-now)/before < 0.01
}

// A verdict is the reason why counters jump.
type verdict int

const (
	steady verdict = iota
	severalProcesses
	restarted
	notCounters // single families decrease, the others do not
)

// verdict uses start times first, because they are reliable.
func (h history) verdict() verdict {
	start := h.start()
	switch {
	case h.alternating() != nil, h.differentStarts() && start.before(h.began):
		return severalProcesses
	case h.differentStarts():
		return restarted
	case len(h.falls) == 0:
		return steady
	case h.processFell() && start.values() > 0:
		return severalProcesses // workers forked at the same time
	case h.fewFell() && (len(h.families) == 1 || !h.again):
		return notCounters
	case h.again:
		return severalProcesses
	}
	return restarted
}

// fewFell reports whether most counters of the process only increased.
func (h history) fewFell() bool {
	return !h.processFell() && h.rising >= 2*len(h.families)
}

// processFell reports whether a counter fell that never decreases within a process.
func (h history) processFell() bool {
	for name := range h.families {
		if strings.HasPrefix(name, "process_cpu") || runtimeNames.MatchString(name) {
			return true
		}
	}
	return false
}

// evidence lists start times and up to two decreases.
func (h history) evidence() string {
	var parts []string
	for _, b := range []*startSeries{h.start(), h.alternating()} {
		if b.values() > 1 {
			parts = append(parts, fmt.Sprintf("%s has %d values", shorten(b.series, 100), b.values()))
			break
		}
	}
	falls := h.byInterest()
	for _, f := range falls[:min(2, len(falls))] {
		parts = append(parts, f.String())
	}
	if n := len(h.families); n > 2 {
		parts = append(parts, fmt.Sprintf("%d counters decreased in total", n))
	}
	return strings.Join(parts, "; ") + "."
}

// byInterest returns the first decrease of each family, HTTP families first.
func (h history) byInterest() []fall {
	seen := map[string]bool{}
	var falls []fall
	for _, f := range h.falls {
		if !seen[f.family] {
			seen[f.family] = true
			falls = append(falls, f)
		}
	}
	slices.SortStableFunc(falls, func(a, b fall) int { return interest(b) - interest(a) })
	return falls
}

func interest(f fall) int {
	if strings.Contains(f.family, "http") || strings.Contains(f.family, "request") {
		return 1
	}
	return 0
}
