package scan

import (
	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/schema"
)

// budgets calls f for every metric whose label sets depend on requests or on the service: its name,
// the number of its label sets and their limit.
func (s *Scan) budgets(f func(name string, sets, limit int)) {
	own := s.Families.Budgeted
	for _, of := range own {
		f(of.Name, s.setsOf(of), s.Store.Config.Limit)
	}
	for _, m := range s.Metrics {
		f(m.Name(), m.Len(), m.Limit())
	}
}

func seriesCount(s *Scan, f *Family) {
	s.budgets(func(name string, sets, _ int) {
		s.startValues().Text[schema.Metric] = name
		s.number(f, float64(sets))
	})
}

func seriesLimit(s *Scan, f *Family) {
	s.budgets(func(name string, _, limit int) {
		s.startValues().Text[schema.Metric] = name
		s.number(f, float64(limit))
	})
}

// setsOf returns the number of label sets of a family. Usually it has already been visited.
func (s *Scan) setsOf(f *Family) int {
	if s.sets[f] == 0 {
		counting := Scan{Source: s.Source, series: s.series, routeMethods: s.routeMethods, v: nowhere{}, sets: map[*Family]int{}, counts: make([][]uint64, len(s.counts))}
		counting.Family(f)
		s.sets[f] = counting.sets[f]
	}
	return s.sets[f]
}

// nowhere is a visitor that does nothing.
type nowhere struct{}

func (nowhere) Begin(*expo.Family)                     {}
func (nowhere) Number(*expo.Values, float64)           {}
func (nowhere) Histogram(*expo.Values, *hist.Snapshot) {}
func (nowhere) End()                                   {}

func overflows(s *Scan, f *Family) {
	show := func(metric, label string, n uint64) {
		v := s.startValues()
		v.Text[schema.Metric], v.Text[schema.Label] = metric, label
		s.number(f, float64(n))
	}
	if main := s.Families.main; main != nil {
		s.Store.Overflows(func(label string, n uint64) { show(main.Name, label, n) })
	}
	for _, m := range s.Metrics {
		for i, label := range m.Labels() {
			show(m.Name(), label, m.Overflowed(i))
		}
	}
}

func scrapeErrors(s *Scan, f *Family) {
	for r, name := range s.Store.Config.Reasons {
		v := s.startValues()
		v.Text[schema.Reason] = name
		s.number(f, float64(s.Store.Failures[r].Load()))
	}
}

func functionErrors(s *Scan, f *Family) {
	for function, name := range s.Store.Config.Functions {
		v := s.startValues()
		v.Text[schema.Label] = name
		s.number(f, float64(s.Store.Panics[function].Load()))
	}
}

// beyondShare is the ratio of a route's requests above the highest bucket from which we report it,
// and beyondLeast their minimum number.
const (
	beyondShare = 0.05
	beyondLeast = 20
)

// beyond visits the routes whose buckets are too low: their quantiles are unreliable.
func beyond(s *Scan, f *Family) {
	slow := map[string]uint64{}
	for _, x := range s.series {
		if n := x.Beyond(); n > 0 {
			slow[x.Of.Route.Label] += n
		}
	}
	if len(slow) == 0 {
		return
	}
	all := map[string]uint64{}
	var order []string
	for _, x := range s.series {
		r := x.Of.Route.Label
		if slow[r] == 0 {
			continue
		}
		if _, seen := all[r]; !seen {
			order = append(order, r)
		}
		all[r] += x.Count()
	}
	for _, r := range order {
		share := float64(slow[r]) / float64(all[r])
		if all[r] < beyondLeast || share <= beyondShare {
			continue
		}
		v := s.startValues()
		v.Text[schema.Metric], v.Text[schema.Route] = s.Families.latency.Name, r
		s.number(f, share)
	}
}
