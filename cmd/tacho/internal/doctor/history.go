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
	began    float64           // when the first scrape was made, in Unix time
	births   map[uint64]*birth // by series
	falls    []fall            // counters that were lower later
	families map[string]bool   // those that fell
	rising   int               // families of counters that were compared and never fell
	again    bool              // something that had fallen was back where it was
}

// A fall is a counter that was lower in a later scrape.
type fall struct {
	family, series string
	from, to       float64
}

func (f fall) String() string {
	return fmt.Sprintf("%s was %s, then %s", shorten(f.series, 100), number(f.from), number(f.to))
}

// A tracker follows every counter over the rounds. A value is compared with
// the highest of earlier rounds only: what is asked for at the same time may
// come in any order.
type tracker struct {
	history
	rounds   int
	compared map[string]bool    // families with a counter that was met before
	highest  map[uint64]float64 // by series, over the rounds before
	fallen   map[uint64]bool    // series that have fallen once
}

func newTracker(began time.Time) *tracker {
	return &tracker{
		history: history{
			began:    float64(began.Unix()),
			births:   map[uint64]*birth{},
			families: map[string]bool{},
		},
		compared: map[string]bool{}, highest: map[uint64]float64{}, fallen: map[uint64]bool{},
	}
}

// follow compares a round with those before.
func (t *tracker) follow(round []*visit) {
	t.rounds++
	seen := map[uint64]float64{}
	for _, v := range round {
		if v.exposition == nil {
			continue
		}
		t.noteBirths(v.exposition)
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

// clockError: operating systems and runtimes estimate some times, and correct
// themselves. Counts are whole numbers and never fall.
func clockError(before, now float64) bool {
	return before != math.Trunc(before) && (before-now)/before < 0.01
}

// A verdict says why numbers jump.
type verdict int

const (
	steady verdict = iota
	severalProcesses
	restarted
	notCounters // single families fall, the others do not
)

// verdict judges by times of birth first, since these are certain.
func (h history) verdict() verdict {
	start := h.start()
	switch {
	case h.bornTwice() != nil, h.differentStarts() && start.before(h.began):
		return severalProcesses
	case h.differentStarts():
		return restarted
	case len(h.falls) == 0:
		return steady
	case h.processFell() && start.values() > 0:
		return severalProcesses // workers forked in the same moment
	case h.fewFell() && (len(h.families) == 1 || !h.again):
		return notCounters
	case h.again:
		return severalProcesses
	}
	return restarted
}

// fewFell: most counters of the process only rose.
func (h history) fewFell() bool {
	return !h.processFell() && h.rising >= 2*len(h.families)
}

// processFell: CPU time or garbage collections of one process never fall.
func (h history) processFell() bool {
	for name := range h.families {
		if strings.HasPrefix(name, "process_cpu") || runtimeNames.MatchString(name) {
			return true
		}
	}
	return false
}

// evidence tells of times of birth, and of two falls.
func (h history) evidence() string {
	var parts []string
	for _, b := range []*birth{h.start(), h.bornTwice()} {
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
		parts = append(parts, fmt.Sprintf("%d counters fell in all", n))
	}
	return strings.Join(parts, "; ") + "."
}

// byInterest returns the first fall of each family, those about HTTP first.
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
