package verdict

import (
	"context"
	"time"
)

// A Querier evaluates PromQL.
type Querier interface {
	// Query returns the instant vector of an expression: series of one point each.
	Query(ctx context.Context, expr string, at time.Time) ([]Series, error)
	// QueryRange returns an expression over time, from start to end.
	QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) ([]Series, error)
}

// A Series is a label set with its points, in ascending order. Labels must not be changed.
type Series struct {
	Labels map[string]string
	Points []Point
}

// A Point is a value at a moment.
type Point struct {
	At    time.Time
	Value float64
}

// last returns the last value of a series, 0 if it has none.
func (s Series) last() float64 {
	if len(s.Points) == 0 {
		return 0
	}
	return s.Points[len(s.Points)-1].Value
}
