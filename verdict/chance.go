package verdict

import (
	"context"
	"math"
	"time"
)

// sigmas is how far a share of requests must be above its limit, in standard deviations of what chance
// does to as many requests, for a finding to open. Without it, routes with few requests would be found
// several times a day: five failures of ninety are above 5%, but not more often than 1% of failures bring
// about.
const sigmas = 3

// least is the share of n requests from which chance does not explain that it is above a limit. One more
// request makes up for what the normal distribution misses where there are few.
func least(limit, n float64) float64 { return limit + sigmas*math.Sqrt(limit*(1-limit)/n) + 1/n }

// isMore reports whether failures among all requests are more than a limit, and more than chance explains.
func isMore(failures, all, limit float64) bool {
	return all > 0 && failures/all >= least(limit, all)
}

// slowShare is the share of requests that take as long as a 95th percentile or longer.
const slowShare = 0.05

// isSlow reports whether more requests of a route's window were slower than the limit than chance
// explains, if 5% were: a lower percentile is then above the limit as well. It is only asked about
// findings that are new.
func (e *Engine) isSlow(ctx context.Context, now time.Time, f *Finding, r *reading) (bool, error) {
	n := r.routes[route{f.Job, f.Method, f.Path}]
	share := least(slowShare, n.rate*n.window)
	if share >= 1 {
		return false, nil
	}
	all, err := e.querier.Query(ctx, lowerQuery(f, n.schema, 1-share), now)
	if err != nil || len(all) == 0 {
		return false, err
	}
	return all[0].last() >= f.Limit, nil
}

// fires reports whether an alert fires for a route: the rules have decided then.
func (r *reading) fires(alert string, id route) bool {
	for _, labels := range r.alerts {
		if labels["alertname"] == alert && labels["job"] == id.job && labels["path"] == id.path {
			return true
		}
	}
	return false
}
