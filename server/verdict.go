package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/tacho-go/tacho/verdict"
)

// VerdictPath is the path of the verdict, relative to the server's URL: GET returns what is wrong with
// which service, as JSON. It is computed once after each evaluation of the rules, for all clients.
const VerdictPath = "api/tacho/verdict"

// A judge computes the verdict round by round.
type judge struct {
	engine  *verdict.Engine
	querier verdict.Querier
	options func() verdict.Options // of the rules that are in force
	source  func() *verdict.Source // of the samples
	log     *slog.Logger
}

// run computes a verdict at the interval of the rules until ctx is done. Meanwhile it replays the time
// before the start, once, for the findings that were over then.
func (j *judge) run(ctx context.Context) error {
	if j == nil {
		<-ctx.Done()
		return nil
	}
	replayed := make(chan *verdict.Engine, 1)
	var replay sync.WaitGroup
	replay.Go(func() { j.replay(ctx, time.Now(), replayed) })
	defer replay.Wait()
	j.source() // begins to probe an engine
	for {
		o := j.options()
		select {
		case <-ctx.Done():
			return nil
		case earlier := <-replayed:
			j.engine.Adopt(earlier)
			continue
		case <-time.After(max(o.Interval, time.Second)):
		}
		j.engine.Use(o)
		if _, err := j.engine.Round(ctx, time.Now()); err != nil && ctx.Err() == nil {
			j.log.Warn("the verdict could not be computed; the last one remains", "err", err)
		}
	}
}

// replay sees the time for which findings are kept, up to the start.
func (j *judge) replay(ctx context.Context, start time.Time, replayed chan<- *verdict.Engine) {
	o := j.options()
	earlier, err := verdict.Replay(ctx, j.querier, o, start.Add(-o.Remembered()), start)
	switch {
	case err == nil:
		replayed <- earlier
	case ctx.Err() == nil:
		j.log.Warn("past findings could not be found in the stored samples; the verdict lacks them", "err", err)
	}
}

// ServeHTTP serves the verdict of the last round.
func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if j == nil {
		writeError(w, http.StatusNotFound, errors.New("there is no verdict: it is computed from the built-in rules, which are off"))
		return
	}
	v := j.engine.Latest()
	if v == nil {
		writeError(w, http.StatusServiceUnavailable, errors.New("no verdict yet: it is computed after the first evaluation of the rules"))
		return
	}
	if s := j.source(); s != nil {
		v = v.From(*s)
	}
	v.ServeHTTP(w, r)
}

// A localQuerier evaluates PromQL on the server's own storage.
type localQuerier struct {
	engine  *promql.Engine
	storage storage.Queryable
}

// Query implements verdict.Querier.
func (l localQuerier) Query(ctx context.Context, expr string, at time.Time) ([]verdict.Series, error) {
	q, err := l.engine.NewInstantQuery(ctx, l.storage, nil, expr, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	vector, err := q.Exec(ctx).Vector()
	if err != nil {
		return nil, err
	}
	all := make([]verdict.Series, 0, len(vector))
	for _, s := range vector {
		all = append(all, verdict.Series{Labels: s.Metric.Map(), Points: []verdict.Point{{At: time.UnixMilli(s.T).UTC(), Value: s.F}}})
	}
	return all, nil
}

// QueryRange implements verdict.Querier.
func (l localQuerier) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) ([]verdict.Series, error) {
	q, err := l.engine.NewRangeQuery(ctx, l.storage, nil, expr, start, end, step)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	matrix, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, err
	}
	all := make([]verdict.Series, 0, len(matrix))
	for _, s := range matrix {
		one := verdict.Series{Labels: s.Metric.Map(), Points: make([]verdict.Point, 0, len(s.Floats))}
		for _, p := range s.Floats {
			one.Points = append(one.Points, verdict.Point{At: time.UnixMilli(p.T).UTC(), Value: p.F})
		}
		all = append(all, one)
	}
	return all, nil
}
