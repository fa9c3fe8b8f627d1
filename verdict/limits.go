package verdict

// Limits are the values from which a route is unhealthy.
type Limits struct {
	// ErrorRatio is the ratio of failed requests, from 0 to 1, above which a route is failing.
	// The default is 0.05.
	ErrorRatio float64 `json:"errorRatio"`
	// MinErrors is the number of failed requests within the look-back below which a route is not
	// failing, whatever the ratio. The default is 5.
	MinErrors float64 `json:"minErrors"`
	// Latency is the 95th percentile in seconds at or above which a route is slow. The default is 1.
	Latency float64 `json:"latency"`
	// MinRequests is the number of requests within the look-back below which a route is not slow.
	// The default is 20.
	MinRequests float64 `json:"minRequests"`
}

// A Scope is what limits apply to: a route of a job, all routes of a job if Path is "", or everything
// if Job is "" too.
type Scope struct{ Job, Path string }
