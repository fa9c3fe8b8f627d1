package top

import "slices"

// A column of the table: those of the page, and requests in flight.
type column struct {
	id, head string
	means    string // in the help
	width    int    // minimum; 0 for the route, which takes the rest
	drop     int    // the highest is dropped first on a narrow terminal; 0 never
	cell     func(Row) string
	number   func(Row) float64 // sort key; nil for the route
	upwards  bool              // ascending by default
}

// table of columns, in order.
var tableColumns = []column{
	{id: "state", head: "state", width: 7, drop: 5, cell: func(r Row) string { return r.State.String() },
		number: func(r Row) float64 { return float64(min(r.State, OK) + State(boolean(r.Quiet))) }, upwards: true,
		means: "failing: error ratio above --error-limit; slow: p95 at --latency-limit or above; or the limits of the server"},
	{id: "route", head: "route", cell: routeText, upwards: true,
		means: "method and route template"},
	{id: "rate", head: "req/s", width: 7, cell: func(r Row) string { return rate(r.Rate) },
		number: func(r Row) float64 { return r.Rate }, means: "requests per second"},
	{id: "errors", head: "errors", width: 8, drop: 1, cell: func(r Row) string { return ratio(r.ErrorRatio) },
		number: func(r Row) float64 { return r.ErrorRatio }, means: "share of responses with status 5xx"},
	{id: "p50", head: "p50", width: 8, drop: 6, cell: func(r Row) string { return quantile(r.P50, r.bounds) },
		number: func(r Row) float64 { return r.P50 }, means: "half of the requests take less"},
	{id: "p95", head: "p95", width: 8, drop: 2, cell: func(r Row) string { return quantile(r.P95, r.bounds) },
		number: func(r Row) float64 { return r.P95 }, means: "95 of 100 requests take less; ≥: beyond the last bucket; ≤: within the first"},
	{id: "p99", head: "p99", width: 8, drop: 4, cell: func(r Row) string { return quantile(r.P99, r.bounds) },
		number: func(r Row) float64 { return r.P99 }, means: "99 of 100 requests take less"},
	{id: "share", head: "share", width: 7, drop: 3, cell: func(r Row) string { return ratio(r.Share) },
		number: func(r Row) float64 { return r.Share }, means: "share of the total time of all requests"},
	{id: "inflight", head: "in flight", width: 9, drop: 7, cell: func(r Row) string { return count(r.InFlight) },
		number: func(r Row) float64 { return r.InFlight }, means: "requests being served now, if exported by route"},
}

func routeText(r Row) string {
	text := r.Path
	if r.Method != "" {
		text = cut(r.Method, 10) + " " + text
	}
	if r.NotRoute != "" {
		text += " " + r.NotRoute
	}
	return text
}

// Columns returns the names of the columns.
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
