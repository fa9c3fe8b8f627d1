package top

// A State says how a route is.
type State int

// States, the worst first.
const (
	Errors State = iota
	Slow
	Well
	Idle
)

// String is what the table says; nothing of a route that is well.
func (s State) String() string { return [...]string{"errors", "slow", "", "idle"}[s] }

// From where on a route is not well: the page's limits, see dash/static/model.js.
const (
	limitErrorRatio = 0.05
	limitSlow       = 1.0  // seconds, of p95
	limitTraffic    = 0.05 // per second
)

// fewRequests are no state: two seconds are shorter than the page's minute, and
// a single failure in them is far above limitTraffic.
const fewRequests = 1

func stateOf(r Row, errors, errorRate float64) State {
	switch {
	case r.ErrorRatio >= limitErrorRatio && errorRate >= limitTraffic && errors > fewRequests:
		return Errors
	case r.P95 >= limitSlow && r.Rate >= limitTraffic && r.Requests > fewRequests:
		return Slow
	case r.Rate > 0:
		return Well
	}
	return Idle
}
