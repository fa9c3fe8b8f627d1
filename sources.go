package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/schema"
)

// The sources: where a family's label sets come from.

// inFlight visits the one number of requests in flight, or those of each kind
// that schemas tell apart.
func inFlight(s *scan, f *family) {
	numbers := s.core.inFlight
	for kind := range numbers {
		if len(numbers) > 1 && !numbers[kind].used() {
			continue
		}
		s.coreValues()
		s.kindValues(kind)
		s.number(f, float64(numbers[kind].load()))
	}
	if len(numbers) > 1 && len(f.schema.Labels) == 0 && s.merging.empty() {
		s.coreValues()
		s.number(f, 0) // nothing has been in flight yet
	}
}

func streamsInFlight(s *scan, f *family) {
	s.coreValues()
	s.number(f, float64(int64(s.core.streams.Load())))
}

func info(s *scan, f *family) {
	s.coreValues().Text[schema.Version] = version()
	s.number(f, 1)
}

// durations visits the latency histograms of the series that have requests.
// Routes that were not called yet count from zero, but have no histogram.
func durations(s *scan, f *family) {
	counts := s.counts[f.of][:0]
	for _, x := range s.series {
		x.read(s)
		counts = append(counts, s.reading.Count)
		if s.reading.Count > 0 {
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
			n = x.durations.Count()
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
	s.values.Created = x.created
}

// statusValues sets all that is told from a status.
func (s *scan) statusValues(status int) {
	t := s.core.table
	s.values.Text[schema.Status] = t.statusLabel(status)
	if t.opts.GroupStatus && status > 0 {
		status *= 100
	}
	s.values.Text[schema.StatusClass] = labelvalue.StatusClass(status)
	s.values.Text[schema.ErrorType] = ""
	if status >= http.StatusInternalServerError {
		s.values.Text[schema.ErrorType] = labelvalue.Status(status, false)
	}
}

func (s *scan) rowValues(w *row) {
	s.values.Created = w.created
	s.kindValues(w.kind)
	s.values.Text[schema.Route] = w.route.label
	s.values.Extras = w.route.extras()
}

func (s *scan) kindValues(kind int) {
	s.values.Text[schema.Method] = s.core.table.methods.Names[kind>>1]
	s.values.Text[schema.Scheme] = schemes[kind&1]
}

var schemes = [2]string{"http", "https"}

// coreValues are those of a label set that was there from the beginning.
func (s *scan) coreValues() *expo.Values {
	s.values = expo.Values{Created: s.core.created}
	return &s.values
}

func requestSizes(s *scan, f *family) {
	bodySizes(s, f, func(of *sizes) *hist.Histogram { return of.request.Load() })
}

func responseSizes(s *scan, f *family) {
	bodySizes(s, f, func(of *sizes) *hist.Histogram { return of.response.Load() })
}

func bodySizes(s *scan, f *family, slot func(*sizes) *hist.Histogram) {
	if !s.core.table.sizesApart {
		for _, w := range s.rows {
			s.rowHistogram(f, w, s.core.sizeLadder, slot(&w.sizes))
		}
		return
	}
	for _, x := range s.series {
		if h := slot(x.sizes); h != nil {
			s.reading.Take(s.core.sizeLadder, h)
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
func (s *scan) rowHistogram(f *family, w *row, l *hist.Bounds, h *hist.Histogram) {
	if h != nil {
		s.reading.Take(l, h)
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
		s.values.Text[schema.Status] = s.core.table.statusLabel(s.core.table.statusOf(http.StatusInternalServerError))
		s.number(f, float64(n))
	}
}
