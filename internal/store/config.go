// Package store counts requests: routes and their series within a budget, the cells in which they
// are counted, and the totals of several processes. Its input is a Config, strings and numbers. It
// must not depend on Options, requests or exposition formats. The root package and internal/engine
// record in it, internal/scan reads it.
package store

import (
	"log/slog"

	"github.com/tacho-go/tacho/internal/labelvalue"
)

// A Config defines what is counted, and how finely.
type Config struct {
	Methods         []string // in addition to the standard ones
	Limit           int      // maximum label sets of each metric
	Merged          bool     // the store holds the totals of several processes, each within the limit
	InitialStatuses []int    // statuses of expected routes that start at zero

	GroupStatus   bool // record the class of a status
	StatusText    bool // show a status as its text
	Schemes       bool // separate http and https
	SizesByStatus bool // separate body sizes by status
	Flights       bool // separate requests in flight by method
	Native        bool // count latencies in native histograms as well
	Exemplars     bool // keep exemplars

	Buckets      []float64            // of latencies, in seconds
	RouteBuckets map[string][]float64 // of single routes, by template
	SizeBuckets  []float64            // in bytes
	Streams      []float64            // of streams, in seconds

	Exclude         []string // paths, templates and globs
	ExcludePatterns []string // valid regular expressions
	MetricsPath     string   // is always excluded

	Extras []LabelLimit // labels in addition to method, route and status
	Group  *LabelLimit  // replaces the route

	Reasons   []string // of failures
	Functions []string // whose panics are counted

	// For the warning about the limit:
	Metric                  string       // the metric's name
	RouteLabel, StatusLabel string       // its labels' names
	Logger                  *slog.Logger // nil for slog.Default at that time
}

// A LabelLimit defines the values of a label: declared ones, or a maximum number.
type LabelLimit struct {
	Name     string
	Declared []string
	Most     int
}

// Limiter returns a limiter for the label's values.
func (l LabelLimit) Limiter() *labelvalue.Limiter {
	return labelvalue.NewLimiter(l.Name, l.Declared, l.Most)
}
