package doctor

import (
	"slices"
	"strings"
)

// startTime is when a process began, in every language's client library.
const startTime = "process_start_time_seconds"

// A birth is a series whose value is the time at which something began: the
// process, or a counter (_created). It never changes in one process.
type birth struct {
	series   string
	met      []float64 // values in their order; one that comes again is there twice
	together bool      // two were met in one round
	round    int       // of the last value
}

func (t *tracker) noteBirths(x *exposition) {
	for _, f := range x.families {
		for _, s := range f.samples {
			if s.name != startTime && !x.isCreated(f, s) {
				continue
			}
			id := s.labels.Hash()
			if t.births[id] == nil {
				t.births[id] = &birth{series: seriesText(s.labels)}
			}
			t.births[id].note(t.rounds, s.value)
		}
	}
}

// isCreated tells the time at which a counter began from a metric that only
// happens to be called so: it is a time, and there is such a counter.
func (x *exposition) isCreated(f *family, s sample) bool {
	base, is := strings.CutSuffix(s.name, "_created")
	if !is || s.value < 1e9 || s.value > 1e11 {
		return false
	}
	return f.name != s.name || x.byName[base] != nil || x.byName[base+"_total"] != nil
}

func (b *birth) note(round int, value float64) {
	if n := len(b.met); n == 0 || b.met[n-1] != value {
		b.together = b.together || n > 0 && b.round == round
		b.met = append(b.met, value)
	}
	b.round = round
}

// values is how many different ones there were.
func (b *birth) values() int {
	if b == nil {
		return 0
	}
	sorted := slices.Sorted(slices.Values(b.met))
	return len(slices.Compact(sorted))
}

// twice: two things take turns. A restart only ever leads to a later time.
func (b *birth) twice() bool { return b.together || !slices.IsSorted(b.met) }

// before: the youngest was there before we came. It did not start meanwhile,
// then.
func (b *birth) before(began float64) bool { return slices.Max(b.met) < began }

// apart: the times differ by more than rounding. Some libraries reckon the
// start anew at each scrape, from the clock and the time that has passed.
func (b *birth) apart() bool {
	return b.values() > 1 && slices.Max(b.met)-slices.Min(b.met) >= 2
}

// start is that of the process; an empty one if it does not say.
func (h history) start() *birth {
	for _, b := range h.births {
		if b.series == startTime {
			return b
		}
	}
	return &birth{}
}

// differentStarts: the start times are those of different processes, and no
// jitter of one.
func (h history) differentStarts() bool {
	s := h.start()
	return s.apart() || s.values() > 1 && len(h.falls) > 0
}

// bornTwice returns a birth with values in turn, that of the process first.
func (h history) bornTwice() *birth {
	if s := h.start(); s.twice() && h.differentStarts() {
		return s
	}
	var found *birth
	for _, b := range h.births {
		if b.series != startTime && b.twice() && (found == nil || b.series < found.series) {
			found = b
		}
	}
	return found
}
