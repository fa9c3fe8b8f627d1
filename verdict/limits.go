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

// The series in which the rules record their limits, by job and path, and by job alone. Package
// gen/rules names them; a test of that package compares the names.
var recordedLimits = map[string]func(*Limits, float64){
	"tacho:http_error_ratio:limit":              func(l *Limits, v float64) { l.ErrorRatio = v },
	"tacho:http_errors:min":                     func(l *Limits, v float64) { l.MinErrors = v },
	"tacho:http_request_duration_seconds:limit": func(l *Limits, v float64) { l.Latency = v },
	"tacho:http_requests:min":                   func(l *Limits, v float64) { l.MinRequests = v },
}

// limitsQuery selects the recorded limits.
const limitsQuery = `{__name__=~"tacho:http_(error_ratio|request_duration_seconds):limit|tacho:http_(errors|requests):min"}`

// putLimit sets a recorded limit; the others of its scope are those of the options until they are set.
func (r *reading) putLimit(s Series, o Options) {
	set := recordedLimits[s.Labels["__name__"]]
	if set == nil {
		return
	}
	at := Scope{s.Labels["job"], s.Labels["path"]}
	l, known := r.limits[at]
	if !known {
		l = o.limitsOf(at.Job, at.Path)
	}
	set(&l, s.last())
	r.limits[at] = l
}

// limitsOf returns the limits of a route, or of a job without a route, in a reading: those that the rules
// recorded, if they are read.
func (r *reading) limitsOf(o Options, job, path string) Limits {
	if l, known := r.limits[Scope{job, path}]; known {
		return l
	}
	if l, known := r.limits[Scope{Job: job}]; known {
		return l
	}
	return o.limitsOf(job, path)
}

// limitsOf returns the limits of the narrowest scope.
func (o Options) limitsOf(job, path string) Limits {
	if l, known := o.Exceptions[Scope{job, path}]; known {
		return l
	}
	if l, known := o.Exceptions[Scope{Job: job}]; known {
		return l
	}
	return o.Limits
}
