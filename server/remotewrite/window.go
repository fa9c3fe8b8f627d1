package remotewrite

import (
	"cmp"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/tsdb/record"
)

// A window is a part of the log that is sent before the next one is read.
type window struct {
	entries []*entry // the first of each series, in the order of the log
	all     []*entry // all; reused
	used    int      // of all
	n       counts
	highest int64 // time of the newest sample

	// newSeries is set if series were created within the window. Then two of its entries can
	// be of the same labels: the storage gives a series that comes back another reference.
	newSeries bool
}

// An entry has the data of a series in a window, either samples or histograms. If the series
// changes from one to the other, another entry follows.
type entry struct {
	series     *series
	samples    []record.RefSample
	histograms []nativeHistogram
	exemplars  []record.RefExemplar
	next       *entry
}

// A nativeHistogram is of integers or of floats.
type nativeHistogram struct {
	st, t    int64
	integers *histogram.Histogram
	floats   *histogram.FloatHistogram
}

func (h nativeHistogram) customBuckets() bool {
	if h.integers != nil {
		return histogram.IsCustomBucketsSchema(h.integers.Schema)
	}
	return histogram.IsCustomBucketsSchema(h.floats.Schema)
}

func (w *window) empty() bool { return len(w.entries) == 0 }

// entry returns the entry of a series to which a sample or a histogram can be added.
func (w *window) entry(s *series, isHistogram bool) *entry {
	e := s.window
	if e != nil && (isHistogram && len(e.samples) == 0 || !isHistogram && len(e.histograms) == 0) {
		return e
	}
	next := w.newEntry(s)
	if e != nil {
		e.next = next
	} else {
		w.entries = append(w.entries, next)
	}
	s.window = next
	return next
}

func (w *window) newEntry(s *series) *entry {
	if w.used == len(w.all) {
		w.all = append(w.all, &entry{})
	}
	e := w.all[w.used]
	w.used++
	e.series = s
	return e
}

func (w *window) addSample(s *series, v record.RefSample) {
	e := w.entry(s, false)
	e.samples = append(e.samples, v)
	w.n[samples]++
	w.highest = max(w.highest, v.T)
}

func (w *window) addHistogram(s *series, h nativeHistogram) {
	e := w.entry(s, true)
	e.histograms = append(e.histograms, h)
	w.n[histograms]++
	w.highest = max(w.highest, h.t)
}

func (w *window) addExemplar(s *series, x record.RefExemplar) {
	e := s.window
	if e == nil {
		e = w.entry(s, false)
	}
	e.exemplars = append(e.exemplars, x)
	w.n[exemplars]++
}

// maxEntries is how many entries are kept for the next window.
const maxEntries = 10_000

// reset empties the window.
func (w *window) reset() {
	for _, e := range w.all[:w.used] {
		e.series.window = nil
		clear(e.histograms)
		clear(e.exemplars)
		*e = entry{samples: e.samples[:0], histograms: e.histograms[:0], exemplars: e.exemplars[:0]}
	}
	if len(w.all) > maxEntries {
		w.all = slices.Clone(w.all[:maxEntries])
	}
	clear(w.entries)
	*w = window{entries: w.entries[:0], all: w.all}
}

// A piece is a part of an entry that fits into a request.
type piece struct {
	series     *series
	samples    []record.RefSample
	histograms []nativeHistogram
	exemplars  []record.RefExemplar
}

func (p piece) size() int { return len(p.samples) + len(p.histograms) + len(p.exemplars) }

// A lane is a list of requests that are sent one after the other; lanes are sent at the same
// time. All data of a series are in one lane, and so arrive in order.
type lane struct {
	requests [][]piece
	last     int // size of the last request
}

// lanes divides the window into at most n lanes of requests with at most size samples: evenly
// and in the order of the log, or by the labels of the series.
func (w *window) lanes(n, size int, byHash bool) []lane {
	all := make([]lane, n)
	share := max(1, (w.n.total()+n-1)/n)
	divided := 0
	for _, first := range w.entries {
		i := min(divided/share, n-1)
		if byHash {
			i = int(first.series.hash % uint64(n))
		}
		for e := first; e != nil; e = e.next {
			e.pieces(size, func(p piece) {
				all[i].add(p, size)
				divided += p.size()
			})
		}
	}
	return slices.DeleteFunc(all, func(l lane) bool { return len(l.requests) == 0 })
}

func (l *lane) add(p piece, size int) {
	if len(l.requests) == 0 || l.last+p.size() > size {
		l.requests, l.last = append(l.requests, nil), 0
	}
	end := len(l.requests) - 1
	l.requests[end] = append(l.requests[end], p)
	l.last += p.size()
}

// pieces calls add with the entry in pieces of at most size samples. Exemplars are in the last
// piece, because a receiver takes them only with or after a sample of their series.
func (e *entry) pieces(size int, add func(piece)) {
	inOrder(e.samples, func(s record.RefSample) int64 { return s.T })
	inOrder(e.histograms, func(h nativeHistogram) int64 { return h.t })
	s, h := e.samples, e.histograms
	for len(s) > size {
		add(piece{series: e.series, samples: s[:size]})
		s = s[size:]
	}
	for len(h) > size {
		add(piece{series: e.series, histograms: h[:size]})
		h = h[size:]
	}
	add(piece{series: e.series, samples: s, histograms: h, exemplars: e.exemplars})
}

// inOrder sorts by time, as the protocol demands within a series. Samples that a storage
// accepts out of order are the only ones that are not sorted already.
func inOrder[T any](all []T, at func(T) int64) {
	byTime := func(a, b T) int { return cmp.Compare(at(a), at(b)) }
	if !slices.IsSortedFunc(all, byTime) {
		slices.SortStableFunc(all, byTime)
	}
}
