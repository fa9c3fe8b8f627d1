package top

import "github.com/tacho-go/tacho/gen/rules"

// A State is the health of a route.
type State int

// States, the worst first.
const (
	Errors State = iota
	Slow
	OK
	Idle
)

// String returns the text in the table, as on the page. It is empty for OK.
func (s State) String() string { return [...]string{"failing", "slow", "", "idle"}[s] }

// limitTraffic is the least rate per second of failures, or of slow requests, with a state: that of the
// page, see dash/static/model.js.
const limitTraffic = 0.05

// fewRequests is the maximum number of requests without a state: within two seconds, a
// single failure is far above limitTraffic.
const fewRequests = 1

// limits are the thresholds of a route.
type limits struct{ errorRatio, p95 float64 }

// defaultLimits are those of the rules.
func defaultLimits() limits {
	l := rules.Options{}.Verdict().Limits
	return limits{l.ErrorRatio, l.Latency}
}

// state compares as the verdict does: an error ratio above its limit, a p95 at or above it.
func (l limits) state(r Row) State {
	switch {
	case r.ErrorRatio > l.errorRatio && r.errorRate >= limitTraffic && r.errors > fewRequests:
		return Errors
	case r.P95 >= l.p95 && r.Rate >= limitTraffic && r.Requests > fewRequests:
		return Slow
	case r.Rate > 0:
		return OK
	}
	return Idle
}
