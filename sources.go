package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/schema"
)

// The sources: where a family's label sets come from.

// inFlight visits the one number of requests in flight, or those of each kind
// that schemas tell apart.
func inFlight(s *scan, f *family) {
	numbers := s.core.InFlight
	for kind := range numbers {
		if len(numbers) > 1 && numbers[kind].Words() == nil {
			continue
		}
		s.coreValues()
		s.kindValues(kind)
		s.number(f, float64(numbers[kind].Load()))
	}
	if len(numbers) > 1 && len(f.Labels) == 0 && s.merging.empty() {
		s.coreValues()
		s.number(f, 0) // nothing has been in flight yet
	}
}

func streamsInFlight(s *scan, f *family) {
	s.coreValues()
	s.number(f, float64(int64(s.core.Streams.Load())))
}

func info(s *scan, f *family) {
	s.coreValues().text[schema.Version] = version()
	s.number(f, 1)
}

// durations visits the latency histograms of the series that have requests.
// Routes that were not called yet count from zero, but have no histogram.
func durations(s *scan, f *family) {
	counts := s.counts[f.of][:0]
	for _, x := range s.series {
		x.read(s)
		counts = append(counts, s.reading.count)
		if s.reading.count > 0 {
			s.valuesOf(x)
			s.histogram(f)
		}
	}
	s.counts[f.of] = counts
}

// requests visits the counters. They are the histograms' counts: where these
// were read before in the same scan, they agree exactly.
func requests(s *scan, f *family) {
	counts := s.counts[f.of]
	for i, x := range s.series {
		n := uint64(0)
		if i < len(counts) {
			n = counts[i]
		} else {
			n = x.durations.count()
		}
		if n == 0 && f.sparse {
			continue
		}
		s.valuesOf(x)
		s.number(f, float64(n))
	}
}

func (s *scan) valuesOf(x *series) {
	s.rowValues(x.row)
	s.statusValues(x.status)
	s.values.created = x.created
}

// statusValues sets all that is told from a status.
func (s *scan) statusValues(status int) {
	t := s.core.table
	s.values.text[schema.Status] = t.statusLabel(status)
	if t.opts.GroupStatus && status > 0 {
		status *= 100
	}
	s.values.text[schema.StatusClass] = statusClass(status)
	s.values.text[schema.ErrorType] = ""
	if status >= http.StatusInternalServerError {
		s.values.text[schema.ErrorType] = statusLabel(status, false)
	}
}

func (s *scan) rowValues(w *row) {
	s.values.created = w.created
	s.kindValues(w.kind)
	s.values.text[schema.Route] = w.route.label
	s.values.extras = w.route.extras()
}

func (s *scan) kindValues(kind int) {
	s.values.text[schema.Method] = s.core.table.methods.names[kind>>1]
	s.values.text[schema.Scheme] = schemes[kind&1]
}

var schemes = [2]string{"http", "https"}

// coreValues are those of a label set that was there from the beginning.
func (s *scan) coreValues() *values {
	s.values = values{created: s.core.created}
	return &s.values
}

func requestSizes(s *scan, f *family) {
	bodySizes(s, f, func(of *sizes) *histogram { return of.request.Load() })
}

func responseSizes(s *scan, f *family) {
	bodySizes(s, f, func(of *sizes) *histogram { return of.response.Load() })
}

func bodySizes(s *scan, f *family, slot func(*sizes) *histogram) {
	if !s.core.table.sizesApart {
		for _, w := range s.rows {
			s.rowHistogram(f, w, s.core.sizeLadder, slot(&w.sizes))
		}
		return
	}
	for _, x := range s.series {
		if h := slot(x.sizes); h != nil {
			s.reading.take(s.core.sizeLadder, h)
			s.valuesOf(x)
			s.histogram(f)
		}
	}
}

func lifetimes(s *scan, f *family) {
	for _, w := range s.rows {
		s.rowHistogram(f, w, s.core.streamLadder, w.streams.Load())
	}
}

// rowHistogram visits a histogram that a row may have.
func (s *scan) rowHistogram(f *family, w *row, l *ladder, h *histogram) {
	if h != nil {
		s.reading.take(l, h)
		s.rowValues(w)
		s.histogram(f)
	}
}

func panics(s *scan, f *family) {
	for _, w := range s.rows {
		n := w.panicked()
		if n == 0 && f.sparse {
			continue
		}
		s.rowValues(w)
		s.values.text[schema.Status] = s.core.table.statusLabel(s.core.table.statusOf(http.StatusInternalServerError))
		s.number(f, float64(n))
	}
}
