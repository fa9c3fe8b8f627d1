package doctor

import (
	"slices"
	"strings"
)

// startTime is the start time metric of the client libraries of all languages.
const startTime = "process_start_time_seconds"

// A startSeries is a series whose value is a start time: that of the process, or of a
// counter (_created). It is constant within a process.
type startSeries struct {
	series   string
	seen     []float64 // values in order; a value that returns is listed again
	together bool      // two values occurred in one round
	round    int       // of the last value
}

func (t *tracker) noteStarts(x *exposition) {
	for _, f := range x.families {
		for _, s := range f.samples {
			if s.name != startTime && !x.isCreated(f, s) {
				continue
			}
			id := s.labels.Hash()
			if t.starts[id] == nil {
				t.starts[id] = &startSeries{series: seriesText(s.labels)}
			}
			t.starts[id].note(t.rounds, s.value)
		}
	}
}

// isCreated reports whether a sample is the creation time of a counter, and not an
// unrelated metric with that suffix: its value is a time, and the counter exists.
func (x *exposition) isCreated(f *family, s sample) bool {
	base, is := strings.CutSuffix(s.name, "_created")
	if !is || s.value < 1e9 || s.value > 1e11 {
		return false
	}
	return f.name != s.name || x.byName[base] != nil || x.byName[base+"_total"] != nil
}

func (b *startSeries) note(round int, value float64) {
	if n := len(b.seen); n == 0 || b.seen[n-1] != value {
		b.together = b.together || n > 0 && b.round == round
		b.seen = append(b.seen, value)
	}
	b.round = round
}

// values returns the number of distinct values.
func (b *startSeries) values() int {
	if b == nil {
		return 0
	}
	sorted := slices.Sorted(slices.Values(b.seen))
	return len(slices.Compact(sorted))
}

// alternates reports whether two processes alternate. A restart only leads to a later time.
func (b *startSeries) alternates() bool { return b.together || !slices.IsSorted(b.seen) }

// before reports whether all processes started before the first scrape.
func (b *startSeries) before(began float64) bool { return slices.Max(b.seen) < began }

// apart reports whether the times differ by more than rounding. Some libraries compute
// the start time on each scrape, from the clock and the elapsed time.
func (b *startSeries) apart() bool {
	return b.values() > 1 && slices.Max(b.seen)-slices.Min(b.seen) >= 2
}

// start returns the start time series of the process, or an empty one.
func (h history) start() *startSeries {
	for _, b := range h.starts {
		if b.series == startTime {
			return b
		}
	}
	return &startSeries{}
}

// differentStarts reports whether the start times belong to different processes, and
// are not jitter of one.
func (h history) differentStarts() bool {
	s := h.start()
	return s.apart() || s.values() > 1 && len(h.falls) > 0
}

// alternating returns a start series with alternating values, that of the process first.
func (h history) alternating() *startSeries {
	if s := h.start(); s.alternates() && h.differentStarts() {
		return s
	}
	var found *startSeries
	for _, b := range h.starts {
		if b.series != startTime && b.alternates() && (found == nil || b.series < found.series) {
			found = b
		}
	}
	return found
}
