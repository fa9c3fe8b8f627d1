package verdict

import "time"

// Options are the limits and windows. They must be those of the rules whose series are read; the
// defaults are the defaults of gen/rules.
type Options struct {
	// ErrorRatio is the ratio of failed requests at or above which a route is failing. The default
	// is 0.05.
	ErrorRatio float64
	// MinErrors is the number of failed requests within LookBack below which a route is not
	// failing, whatever the ratio. The default is 5.
	MinErrors float64
	// Latency is the 95th percentile at or above which a route is slow. The default is one second.
	Latency time.Duration
	// MinRequests is the number of requests within LookBack below which a route is not slow. The
	// default is 20.
	MinRequests float64

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

func (o Options) filled() Options {
	fill(&o.ErrorRatio, 0.05)
	fill(&o.MinErrors, 5)
	fill(&o.Latency, time.Second)
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
