package top

// A State is the health of a route.
type State int

// States, the worst first.
const (
	Errors State = iota
	Slow
	OK
	Idle
)

// String returns the text in the table, which is empty for OK.
func (s State) String() string { return [...]string{"errors", "slow", "", "idle"}[s] }

// Thresholds of the states: those of the page, see dash/static/model.js.
const (
	limitErrorRatio = 0.05
	limitSlow       = 1.0  // seconds, of p95
	limitTraffic    = 0.05 // per second
)

// fewRequests is the maximum number of requests without a state: within two seconds, a
// single failure is far above limitTraffic.
const fewRequests = 1

// limits are the thresholds of a route.
type limits struct{ errorRatio, p95 float64 }

// defaultLimits apply unless a server's verdict says otherwise.
var defaultLimits = limits{limitErrorRatio, limitSlow}

func (l limits) state(r Row) State {
	switch {
	case r.ErrorRatio >= l.errorRatio && r.errorRate >= limitTraffic && r.errors > fewRequests:
		return Errors
	case r.P95 >= l.p95 && r.Rate >= limitTraffic && r.Requests > fewRequests:
		return Slow
	case r.Rate > 0:
		return OK
	}
	return Idle
}
