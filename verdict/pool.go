package verdict

import (
	"context"
	"fmt"
	"math"
	"time"
)

// poolLimit is how many requests wait for a connection on average, at or above which a pool is
// exhausted. Below one, most requests find a connection at once.
const poolLimit = 1

// A pool is a database/sql pool, as client_golang's collector names it. Its instances are added up.
type pool struct{ job, name string }

// waiting is how many requests wait on average: the time that they have waited, per second.
func (o Options) waiting(by string, matchers string) string {
	return fmt.Sprintf("sum by (%s) (rate(go_sql_wait_duration_seconds_total%s[%s]))", by, matchers, duration(o.Window))
}

func (r *reading) putPool(s Series) { r.pools[pool{s.Labels["job"], s.Labels["db_name"]}] = s.last() }

// poolFindings calls add for each pool.
func (e *Engine) poolFindings(r *reading, add func(Finding)) {
	for p, waiting := range r.pools {
		add(Finding{
			Kind: Pool, Job: p.job, Pool: p.name, Now: waiting, Limit: poolLimit,
			Query: e.waiting("job, db_name", matching("job", p.job, "db_name", p.name)),
		})
	}
}

// poolWhere compares the instances of a pool.
func (e *Engine) poolWhere(ctx context.Context, now time.Time, f *Finding) (Where, error) {
	all, err := e.querier.Query(ctx, e.waiting("instance", matching("job", f.Job, "db_name", f.Pool)), now)
	if err != nil {
		return Where{}, err
	}
	ones := make([]Series, len(all))
	for i, s := range all { // each counts as one, so that the value is how many wait
		ones[i] = Series{Labels: s.Labels, Points: []Point{{Value: 1}}}
	}
	shares := perInstance(all, ones)
	for i := range shares {
		shares[i].count = math.Inf(1) // an average of many moments, not chance
	}
	return standsOut(shares, false), nil
}
