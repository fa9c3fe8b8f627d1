package top

import (
	"math"
	"time"
)

// A table sums the routes of all URLs.
type table struct {
	routes   map[Route]*sum
	inFlight float64
	waiting  map[Route]float64 // in flight, by route
	timed    bool              // all time ranges are known, so there are rates
}

func newTable() *table {
	return &table{routes: map[Route]*sum{}, inFlight: math.NaN(), waiting: map[Route]float64{}, timed: true}
}

func (t *table) at(r Route) *sum {
	if t.routes[r] == nil {
		t.routes[r] = newSum()
	}
	return t.routes[r]
}

// add adds the counts of a time range. Without one, there are shares and quantiles but no
// rates.
func (t *table) add(routes map[Route]*counts, d time.Duration) {
	weight := perSecond(d)
	if math.IsNaN(weight) {
		weight, t.timed = 1, false
	}
	for r, c := range routes {
		t.at(r).add(c, weight)
	}
}

// addAll adds an instance's steps.
func (t *table) addAll(i *instance) {
	for _, s := range i.steps {
		t.add(s.routes, i.span())
	}
}

func (t *table) addInFlight(r Snapshot) {
	if math.IsNaN(r.inFlight) {
		return
	}
	if math.IsNaN(t.inFlight) {
		t.inFlight = 0
	}
	t.inFlight += r.inFlight
	for route, n := range r.routes {
		t.waiting[route] += n
	}
}

// rows returns the unordered routes and their total.
func (t *table) rows() (all []Row, total Row) {
	t.joinMethods()
	everything := newSum()
	for r, s := range t.routes {
		all = append(all, s.row(r, t.timed))
		everything.merge(s)
	}
	total = everything.row(Route{}, t.timed)
	total.InFlight = t.inFlight
	for i := range all {
		all[i].Share = all[i].seconds / total.seconds
	}
	return all, total
}

// joinMethods assigns metrics without a method label, such as the latencies of
// gin-metrics, to the only method of their path, if there is exactly one. In-flight
// requests of routes without a row are part of the total only.
func (t *table) joinMethods() {
	methods := map[string][]Route{}
	for r := range t.routes {
		if r.Method != "" {
			methods[r.Path] = append(methods[r.Path], r)
		}
	}
	target := func(r Route) Route {
		if only := methods[r.Path]; r.Method == "" && len(only) == 1 {
			return only[0]
		}
		return r
	}
	for r, s := range t.routes {
		if to := target(r); to != r {
			t.routes[to].merge(s)
			delete(t.routes, r)
		}
	}
	for r, n := range t.waiting {
		if s := t.routes[target(r)]; s != nil {
			s.addInFlight(n)
		}
	}
}
