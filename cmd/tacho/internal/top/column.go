package top

import "slices"

// A column of the table, the same as the page's and requests in flight.
type column struct {
	id, head string
	means    string // in the help
	width    int    // at least; 0 for the route, which takes what is left
	drop     int    // the highest goes first when a terminal is narrow; 0 stays
	cell     func(Row) string
	number   func(Row) float64 // what it sorts by; nil for the route
	upwards  bool              // sorts from the small to the large at first
}

// table of columns, in order.
var tableColumns = []column{
	{id: "state", head: "state", width: 6, drop: 5, cell: func(r Row) string { return r.State.String() },
		number: func(r Row) float64 { return float64(min(r.State, Well) + State(boolean(r.Quiet))) }, upwards: true,
		means: "errors: 5 % of the answers or more; slow: p95 of 1 s or more"},
	{id: "route", head: "route", cell: routeText, upwards: true,
		means: "method and path of the route's template"},
	{id: "rate", head: "req/s", width: 7, cell: func(r Row) string { return rate(r.Rate) },
		number: func(r Row) float64 { return r.Rate }, means: "requests per second"},
	{id: "errors", head: "errors", width: 8, drop: 1, cell: func(r Row) string { return ratio(r.ErrorRatio) },
		number: func(r Row) float64 { return r.ErrorRatio }, means: "share of answers from 500 on"},
	{id: "p50", head: "p50", width: 8, drop: 6, cell: func(r Row) string { return quantile(r.P50, r.bounds) },
		number: func(r Row) float64 { return r.P50 }, means: "half of the requests take less"},
	{id: "p95", head: "p95", width: 8, drop: 2, cell: func(r Row) string { return quantile(r.P95, r.bounds) },
		number: func(r Row) float64 { return r.P95 }, means: "95 of 100 requests take less; ≥: beyond the last bucket, maybe far; ≤: within the first"},
	{id: "p99", head: "p99", width: 8, drop: 4, cell: func(r Row) string { return quantile(r.P99, r.bounds) },
		number: func(r Row) float64 { return r.P99 }, means: "99 of 100 requests take less"},
	{id: "share", head: "share", width: 7, drop: 3, cell: func(r Row) string { return ratio(r.Share) },
		number: func(r Row) float64 { return r.Share }, means: "of the time that the service spends on requests"},
	{id: "inflight", head: "in flight", width: 9, drop: 7, cell: func(r Row) string { return count(r.InFlight) },
		number: func(r Row) float64 { return r.InFlight }, means: "requests being served now, if the service says it by route"},
}

func routeText(r Row) string {
	text := r.Path
	if r.Method != "" {
		text = cut(r.Method, 10) + " " + text
	}
	if r.Apart != "" {
		text += " " + r.Apart
	}
	return text
}

// Columns are the names that a table can be sorted by.
func Columns() []string {
	var ids []string
	for _, c := range tableColumns {
		ids = append(ids, c.id)
	}
	return ids
}

func columnAt(id string) (int, bool) {
	i := slices.IndexFunc(tableColumns, func(c column) bool { return c.id == id })
	return i, i >= 0
}
