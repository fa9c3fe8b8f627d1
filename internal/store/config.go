// Package store counts requests: routes and their series within a budget, the cells
// in which they are counted, and what several processes have counted together. It
// takes a Config and strings: it knows no Options, no requests and no formats. The
// root package records in it, internal/scan reads it.
package store

import (
	"log/slog"

	"github.com/tacho-go/tacho/internal/labelvalue"
)

// A Config says what is counted, and how finely.
type Config struct {
	Methods         []string // besides the standard ones
	Limit           int      // how many label sets each metric may have
	Merged          bool     // it adds up what several processes have counted, each of which keeps to the limit
	InitialStatuses []int    // from which expected routes are counted from zero

	GroupStatus   bool // record the class of a status
	StatusText    bool // show a status as its text
	Schemes       bool // tell http from https
	SizesByStatus bool // tell body sizes apart by status
	Flights       bool // tell requests in flight apart by method
	Native        bool // count latencies in native histograms as well
	Exemplars     bool // keep exemplars

	Buckets      []float64            // of latencies, in seconds
	RouteBuckets map[string][]float64 // the same of single routes, by template
	SizeBuckets  []float64            // in bytes
	Streams      []float64            // of streams, in seconds

	Exclude         []string // paths, templates and globs
	ExcludePatterns []string // regular expressions, which have been checked
	MetricsPath     string   // is always excluded

	Extras []LabelLimit // labels besides method, route and status
	Group  *LabelLimit  // takes the place of the route

	Reasons   []string // of failures
	Functions []string // whose panics are counted

	// For the warning that the limit is reached:
	Metric                  string       // which metric
	RouteLabel, StatusLabel string       // what its labels are called
	Logger                  *slog.Logger // nil for slog.Default at that time
}

// A LabelLimit says which values a label may have: the declared ones, or so many.
type LabelLimit struct {
	Name     string
	Declared []string
	Most     int
}

// Limiter returns a limiter of the label's values.
func (l LabelLimit) Limiter() *labelvalue.Limiter {
	return labelvalue.NewLimiter(l.Name, l.Declared, l.Most)
}
