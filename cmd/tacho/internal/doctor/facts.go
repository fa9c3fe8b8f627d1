package doctor

import (
	"cmp"
	"slices"
	"time"
)

// facts returns the facts of the report.
func (e *examination) facts() Facts {
	f := Facts{
		Families: len(e.main.families), Series: e.main.series,
		Exemplars: e.main.exemplars, NativeHistograms: e.nativeFamilies(),
		Bytes: e.newest.size, Formats: e.formats(), Largest: largest(e.main, 3),
		Cost: costOf(e.main.series, e.options.Instances, e.options.ScrapeInterval),
	}
	if e.newest.encoded {
		f.CompressedBytes = e.newest.wire
	}
	times := e.times()
	f.Scrapes = len(times)
	f.MedianSeconds = times[len(times)/2].Seconds()
	f.SlowestSeconds = times[len(times)-1].Seconds()
	return f
}

func (e *examination) nativeFamilies() int {
	n := 0
	for _, f := range e.main.families {
		if e.native(f.name) {
			n++
		}
	}
	return n
}

// times returns the sorted durations of the successful sequential scrapes. There is at
// least one.
func (e *examination) times() []time.Duration {
	var times []time.Duration
	for _, v := range e.visits {
		if v.ok() {
			times = append(times, v.took)
		}
	}
	slices.Sort(times)
	return times
}

// largest returns the families with the most series.
func largest(x *exposition, n int) []FamilySize {
	sizes := make([]FamilySize, 0, len(x.families))
	for _, f := range x.families {
		sizes = append(sizes, FamilySize{f.name, f.seriesCount()})
	}
	slices.SortStableFunc(sizes, func(a, b FamilySize) int {
		return cmp.Or(cmp.Compare(b.Series, a.Series), cmp.Compare(a.Metric, b.Metric))
	})
	return sizes[:min(n, len(sizes))]
}
