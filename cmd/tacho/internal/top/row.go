package top

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/schema"
)

// A Row is a route, or the total of all routes.
type Row struct {
	Route
	NotRoute string // why it is not a route, or ""
	State    State

	Rate       float64 // requests per second
	ErrorRatio float64
	P50        float64
	P95        float64
	P99        float64
	Share      float64 // of the service's total time
	InFlight   float64
	Quiet      bool // no requests for a minute, or since the start of top

	Statuses []Status
	Requests float64 // number of requests

	seconds           float64
	errors, errorRate float64
	bounds            bounds
}

// A Status is one status of a route.
type Status struct {
	Name     string
	Error    bool
	Rate     float64
	Share    float64
	Requests float64
}

// errorStatus matches the statuses of failed requests, as in the rules and the page.
var errorStatus = lazyregexp.New("^(?:" + schema.ErrorStatus + ")$")

// notRoutes are path label values that are not routes.
var notRoutes = map[string]string{
	"unmatched":    "(no route matched)",
	noRoute:        "(unknown route)",
	"__overflow__": "(beyond the series limit)",
}

// row computes the row of a sum. Without a time range, there are no rates.
func (s *sum) row(r Route, timed bool) Row {
	row := Row{
		Route: r, NotRoute: notRoutes[r.Path], InFlight: s.inFlight, seconds: s.seconds, bounds: s.bounds(),
		P50: s.quantile(0.5), P95: s.quantile(0.95), P99: s.quantile(0.99),
	}
	for _, name := range slices.Sorted(maps.Keys(s.number)) {
		st := Status{Name: name, Error: errorStatus.MatchString(name), Rate: s.rate[name], Requests: s.number[name]}
		row.Rate += st.Rate
		row.Requests += st.Requests
		if st.Error {
			row.errors += st.Requests
			row.errorRate += st.Rate
		}
		row.Statuses = append(row.Statuses, st)
	}
	row.ErrorRatio = row.errorRate / row.Rate
	if row.withoutStatus() {
		row.ErrorRatio = math.NaN()
	}
	row.finish(timed)
	return row
}

// withoutStatus reports whether the requests have no statuses: failures are unknown.
func (r Row) withoutStatus() bool { return len(r.Statuses) == 1 && r.Statuses[0].Name == "" }

func (r *Row) finish(timed bool) {
	for i := range r.Statuses {
		r.Statuses[i].Share = r.Statuses[i].Rate / r.Rate
		if !timed {
			r.Statuses[i].Rate = math.NaN()
		}
	}
	slices.SortStableFunc(r.Statuses, func(a, b Status) int { return cmp.Compare(b.Requests, a.Requests) })
	if !timed {
		r.Rate = math.NaN()
	}
}
