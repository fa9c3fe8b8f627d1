package verdict

import (
	"context"
	"fmt"
	"math"
	"time"
)

// numbers are what was measured of a route.
type numbers struct {
	schema          string  // in which the numbers were recorded
	window          float64 // of the rates, in seconds
	rate, failed    float64 // per second, over the window
	count, failures float64 // over the look-back
	p95             float64 // in seconds, over the window; NaN if not known
}

// A target is one scraped process.
type target struct{ job, instance string }

// A reading is all that a round looks at before it knows what is wrong.
type reading struct {
	routes  map[route]*numbers
	targets map[target]bool // whether it is up
	alerts  []map[string]string
	pools   map[pool]float64
	limits  map[Scope]Limits // recorded ones, if they are read
}

// parts are the queries of a reading and what each of them sets.
func (o Options) parts() []part {
	overLookBack := func(series string) string {
		return fmt.Sprintf("%s(sum_over_time(%s[%s])) * %g", byRoute, series, duration(o.LookBack), o.Interval.Seconds())
	}
	set := func(put func(*numbers, float64)) func(*reading, Series) {
		return func(r *reading, s Series) { r.put(s, o, put) }
	}
	all := []part{
		{byRoute + "(" + requests + ")", set(func(n *numbers, v float64) { n.rate = v })},
		{byRoute + "(" + requests + failedMatcher + ")", set(func(n *numbers, v float64) { n.failed = v })},
		{overLookBack(requests), set(func(n *numbers, v float64) { n.count = v })},
		{overLookBack(requests + failedMatcher), set(func(n *numbers, v float64) { n.failures = v })},
		{quantiles + `{quantile="0.95"}`, set(func(n *numbers, v float64) { n.p95 = v })},
		// A single failed scrape is not a target that is down.
		{fmt.Sprintf("max_over_time(up[%s])", duration(2*o.Interval)), (*reading).putTarget},
		{o.waiting("job, db_name", ""), (*reading).putPool},
		{`ALERTS{alertstate="firing"}`, func(r *reading, s Series) { r.alerts = append(r.alerts, s.Labels) }},
	}
	if o.ReadLimits {
		all = append(all, part{limitsQuery, func(r *reading, s Series) { r.putLimit(s, o) }})
	}
	return all
}

type part struct {
	query string
	put   func(*reading, Series)
}

func newReading() *reading {
	return &reading{
		routes: make(map[route]*numbers), targets: make(map[target]bool),
		pools: make(map[pool]float64), limits: make(map[Scope]Limits),
	}
}

func (e *Engine) read(ctx context.Context, now time.Time) (*reading, error) {
	r := newReading()
	for _, p := range e.Options.parts() {
		all, err := e.querier.Query(ctx, p.query, now)
		if err != nil {
			return nil, fmt.Errorf("verdict: %s: %w", p.query, err)
		}
		for _, s := range all {
			p.put(r, s)
		}
	}
	return r, nil
}

// put sets a number of a route. Of two schemas, the one that came first and has requests counts.
func (r *reading) put(s Series, o Options, set func(*numbers, float64)) {
	id := route{s.Labels["job"], s.Labels["method"], s.Labels["path"]}
	n := r.routes[id]
	if n == nil || n.schema != s.Labels["schema"] && n.rate+n.count == 0 {
		n = &numbers{schema: s.Labels["schema"], window: o.windowOf(id.job).Seconds(), p95: math.NaN()}
		r.routes[id] = n
	}
	if n.schema == s.Labels["schema"] {
		set(n, s.last())
	}
}

func (r *reading) putTarget(s Series) {
	r.targets[target{s.Labels["job"], s.Labels["instance"]}] = s.last() != 0
}

// errorRatio is the ratio of failed requests: over the window, or over the look-back if the window
// has too few requests to tell.
func (n *numbers) errorRatio(l Limits) float64 {
	if n.rate*n.window >= l.MinErrors {
		return n.failed / n.rate
	}
	if n.count > 0 {
		return n.failures / n.count
	}
	return 0
}

// failsMore reports whether more requests failed than the limit and chance explain, in the window or in the
// look-back.
func (n *numbers) failsMore(l Limits) bool {
	return isMore(n.failed*n.window, n.rate*n.window, l.ErrorRatio) || isMore(n.failures, n.count, l.ErrorRatio)
}

// The series in which the rules record their limits, by job and path, and by job alone. Package
// gen/rules names them; its test of limits reads them.
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
