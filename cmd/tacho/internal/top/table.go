package top

import (
	"math"
	"time"
)

// A table adds up the routes of all URLs.
type table struct {
	routes   map[Route]*sum
	inFlight float64
	waiting  map[Route]float64 // in flight, by route
	timed    bool              // all times are known, and so rates are
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

// add adds what was counted in a time. Without one there are no rates, but
// shares and quantiles.
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

func (t *table) addInFlight(r Reading) {
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

// rows are the routes, in no order, and all of them together.
func (t *table) rows() (all []Row, total Row) {
	t.fold()
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

// fold gives what a library does not tell apart by method to the path's only
// method, if there is only one: latencies of gin-metrics, for example. Requests
// in flight of what is no row yet are in the total alone.
func (t *table) fold() {
	methods := map[string][]Route{}
	for r := range t.routes {
		if r.Method != "" {
			methods[r.Path] = append(methods[r.Path], r)
		}
	}
	home := func(r Route) Route {
		if only := methods[r.Path]; r.Method == "" && len(only) == 1 {
			return only[0]
		}
		return r
	}
	for r, s := range t.routes {
		if to := home(r); to != r {
			t.routes[to].merge(s)
			delete(t.routes, r)
		}
	}
	for r, n := range t.waiting {
		if s := t.routes[home(r)]; s != nil {
			s.addInFlight(n)
		}
	}
}
