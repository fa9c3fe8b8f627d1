package verdict

import "time"

// Options are the limits and windows. They must be those of the rules whose series are read; the
// defaults are the defaults of gen/rules.
type Options struct {
	// Limits apply to all routes that have no Exceptions.
	Limits
	// Exceptions are the complete limits of jobs and routes that differ. The default is none.
	Exceptions map[Scope]Limits
	// ReadLimits takes the limits from the series that the rules record; Limits and Exceptions are
	// then those of routes for which nothing is recorded. It is for clients that do not know the
	// options of the rules.
	ReadLimits bool

	// Interval is how often the rules are evaluated. The default is 15 seconds.
	Interval time.Duration
	// Window is the window of recorded rates. The default is one minute.
	Window time.Duration
	// WindowOf returns the window of a job, if windows differ. The default is nil: Window, for all.
	WindowOf func(job string) time.Duration
	// LookBack is the time over which failures are counted. The default is five minutes.
	LookBack time.Duration
	// Past is how far back the start of a finding is searched. The default is one hour.
	Past time.Duration
	// Keep is how long a finding is kept after its end. The default is one day.
	Keep time.Duration
	// Near is the time between an event and a finding below which they are mentioned together.
	// The default is ten minutes.
	Near time.Duration
}

// Remembered is how long a finding is kept after its end: Keep, or its default.
func (o Options) Remembered() time.Duration { return o.filled().Keep }

func (o Options) filled() Options {
	fill(&o.ErrorRatio, 0.05)
	fill(&o.MinErrors, 5)
	fill(&o.Latency, 1)
	fill(&o.MinRequests, 20)
	fill(&o.Interval, 15*time.Second)
	fill(&o.Window, time.Minute)
	fill(&o.LookBack, 5*time.Minute)
	fill(&o.Past, time.Hour)
	fill(&o.Keep, 24*time.Hour)
	fill(&o.Near, 10*time.Minute)
	return o
}

func fill[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// windowOf returns the window of a job's rates.
func (o Options) windowOf(job string) time.Duration {
	if o.WindowOf == nil {
		return o.Window
	}
	return o.WindowOf(job)
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
