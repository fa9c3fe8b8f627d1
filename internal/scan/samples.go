package scan

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// The sources of the families' label sets.

// inFlight visits the number of requests in flight, or the numbers by method and TLS if schemas
// separate them.
func inFlight(s *Scan, f *Family) {
	nothing := true
	s.Store.Flights(func(methodTLS int, n int64) {
		nothing = false
		s.startValues()
		s.methodValues(max(methodTLS, 0))
		s.number(f, float64(n))
	})
	if nothing && len(f.schema.Labels) == 0 {
		s.startValues()
		s.number(f, 0) // nothing has been in flight yet
	}
}

func streamsInFlight(s *Scan, f *Family) {
	s.startValues()
	s.number(f, float64(int64(s.Store.Streams.Load())))
}

func info(s *Scan, f *Family) {
	s.startValues().Text[schema.Version] = Version()
	s.number(f, 1)
}

// durations visits the latency histograms of the series with requests. Routes that were not
// requested yet have counters at zero, but no histogram.
func durations(s *Scan, f *Family) {
	counts := s.counts[f.of][:0]
	for _, x := range s.series {
		x.Read(&s.snapshot, &s.native)
		counts = append(counts, s.snapshot.Count)
		if s.snapshot.Count > 0 {
			s.valuesOf(x)
			s.histogram(f)
		}
	}
	s.counts[f.of] = counts
}

// requests visits the counters. They are the histograms' counts: if these were read earlier in the
// same scan, both agree exactly.
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
	s.routeMethodValues(x.Of)
	s.statusValues(x.Status)
	s.values.Created = x.Created
}

// statusValues sets all values that depend on the status.
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

func (s *Scan) routeMethodValues(w *store.RouteMethod) {
	s.values.Created = w.Created
	s.methodValues(w.MethodTLS)
	s.values.Text[schema.Route] = w.Route.Label
	s.values.Extras = w.Route.Extras()
}

func (s *Scan) methodValues(methodTLS int) {
	method, secure := s.Store.Method(methodTLS)
	s.values.Text[schema.Method], s.values.Text[schema.Scheme] = method, "http"
	if secure {
		s.values.Text[schema.Scheme] = "https"
	}
}

// startValues are those of a label set that exists from the start.
func (s *Scan) startValues() *expo.Values {
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
		for _, w := range s.routeMethods {
			s.routeMethodHistogram(f, w, s.Store.SizeBounds, slot(&w.Sizes))
		}
		return
	}
	for _, x := range s.series {
		if h := slot(x.Sizes); h != nil {
			s.snapshot.Take(s.Store.SizeBounds, h)
			s.valuesOf(x)
			s.histogram(f)
		}
	}
}

func lifetimes(s *Scan, f *Family) {
	for _, w := range s.routeMethods {
		s.routeMethodHistogram(f, w, s.Store.StreamBounds, w.Streams.Load())
	}
}

// routeMethodHistogram visits a histogram of a RouteMethod; nil is skipped.
func (s *Scan) routeMethodHistogram(f *Family, w *store.RouteMethod, l *hist.Bounds, h *hist.Histogram) {
	if h != nil {
		s.snapshot.Take(l, h)
		s.routeMethodValues(w)
		s.histogram(f)
	}
}

func panics(s *Scan, f *Family) {
	for _, w := range s.routeMethods {
		n := w.Panicked()
		if n == 0 && f.sparse {
			continue
		}
		s.routeMethodValues(w)
		s.values.Text[schema.Status] = s.Store.StatusLabel(s.Store.StatusOf(http.StatusInternalServerError))
		s.number(f, float64(n))
	}
}
