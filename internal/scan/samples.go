package scan

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// The sources: where a family's label sets come from.

// inFlight visits the one number of requests in flight, or those of each kind
// that schemas tell apart.
func inFlight(s *Scan, f *Family) {
	nothing := true
	s.Store.Flights(func(kind int, n int64) {
		nothing = false
		s.coreValues()
		s.kindValues(max(kind, 0))
		s.number(f, float64(n))
	})
	if nothing && len(f.schema.Labels) == 0 {
		s.coreValues()
		s.number(f, 0) // nothing has been in flight yet
	}
}

func streamsInFlight(s *Scan, f *Family) {
	s.coreValues()
	s.number(f, float64(int64(s.Store.Streams.Load())))
}

func info(s *Scan, f *Family) {
	s.coreValues().Text[schema.Version] = Version()
	s.number(f, 1)
}

// durations visits the latency histograms of the series that have requests.
// Routes that were not called yet count from zero, but have no histogram.
func durations(s *Scan, f *Family) {
	counts := s.counts[f.of][:0]
	for _, x := range s.series {
		x.Read(&s.reading, &s.native)
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
func requests(s *Scan, f *Family) {
	counts := s.counts[f.of]
	for i, x := range s.series {
		n := uint64(0)
		if i < len(counts) {
			n = counts[i]
		} else {
			n = x.Count()
		}
		if n == 0 && f.sparse {
			continue
		}
		s.valuesOf(x)
		s.number(f, float64(n))
	}
}

func (s *Scan) valuesOf(x *store.Series) {
	s.rowValues(x.Of)
	s.statusValues(x.Status)
	s.values.Created = x.Created
}

// statusValues sets all that is told from a status.
func (s *Scan) statusValues(status int) {
	t := s.Store
	s.values.Text[schema.Status] = t.StatusLabel(status)
	if t.Config.GroupStatus && status > 0 {
		status *= 100
	}
	s.values.Text[schema.StatusClass] = labelvalue.StatusClass(status)
	s.values.Text[schema.ErrorType] = ""
	if status >= http.StatusInternalServerError {
		s.values.Text[schema.ErrorType] = labelvalue.Status(status, false)
	}
}

func (s *Scan) rowValues(w *store.RouteMethod) {
	s.values.Created = w.Created
	s.kindValues(w.Kind)
	s.values.Text[schema.Route] = w.Route.Label
	s.values.Extras = w.Route.Extras()
}

func (s *Scan) kindValues(kind int) {
	method, secure := s.Store.Method(kind)
	s.values.Text[schema.Method], s.values.Text[schema.Scheme] = method, "http"
	if secure {
		s.values.Text[schema.Scheme] = "https"
	}
}

// coreValues are those of a label set that was there from the beginning.
func (s *Scan) coreValues() *expo.Values {
	s.values = expo.Values{Created: s.Store.Created}
	return &s.values
}

func requestSizes(s *Scan, f *Family) {
	bodySizes(s, f, func(of *store.Sizes) *hist.Histogram { return of.Request.Load() })
}

func responseSizes(s *Scan, f *Family) {
	bodySizes(s, f, func(of *store.Sizes) *hist.Histogram { return of.Response.Load() })
}

func bodySizes(s *Scan, f *Family, slot func(*store.Sizes) *hist.Histogram) {
	if !s.Store.Config.SizesByStatus {
		for _, w := range s.rows {
			s.rowHistogram(f, w, s.Store.SizeBounds, slot(&w.Sizes))
		}
		return
	}
	for _, x := range s.series {
		if h := slot(x.Sizes); h != nil {
			s.reading.Take(s.Store.SizeBounds, h)
			s.valuesOf(x)
			s.histogram(f)
		}
	}
}

func lifetimes(s *Scan, f *Family) {
	for _, w := range s.rows {
		s.rowHistogram(f, w, s.Store.StreamBounds, w.Streams.Load())
	}
}

// rowHistogram visits a histogram that a row may have.
func (s *Scan) rowHistogram(f *Family, w *store.RouteMethod, l *hist.Bounds, h *hist.Histogram) {
	if h != nil {
		s.reading.Take(l, h)
		s.rowValues(w)
		s.histogram(f)
	}
}

func panics(s *Scan, f *Family) {
	for _, w := range s.rows {
		n := w.Panicked()
		if n == 0 && f.sparse {
			continue
		}
		s.rowValues(w)
		s.values.Text[schema.Status] = s.Store.StatusLabel(s.Store.StatusOf(http.StatusInternalServerError))
		s.number(f, float64(n))
	}
}
