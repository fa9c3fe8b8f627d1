package verdict

import (
	"context"
	"strconv"
	"time"
)

// lastEvent returns the last deployment or restart before a finding, nil if none was near. A deployment
// restarts instances as well; it is the event then.
func (e *Engine) lastEvent(ctx context.Context, f *Finding) (*Event, error) {
	from, to := f.Since.Add(-e.Near), f.Since.Add(e.Interval)
	deployed, err := e.deployment(ctx, f.Job, from, to)
	if err != nil || deployed != nil {
		return deployed, err
	}
	return e.restart(ctx, f.Job, from, to)
}

// deployment finds the last version that a job exports in its build information and did not have at
// the beginning of the period.
func (e *Engine) deployment(ctx context.Context, job string, from, to time.Time) (*Event, error) {
	query := `count by (version) ({__name__=~".+_build_info",__name__!~"(go|prometheus)_build_info",version!="",job=` + strconv.Quote(job) + `})`
	all, err := e.querier.QueryRange(ctx, query, from, to, e.Interval)
	if err != nil {
		return nil, err
	}
	var last *Event
	known := false // whether there was a version before: the first one of all is no deployment
	for _, s := range all {
		if len(s.Points) == 0 {
			continue
		}
		at := s.Points[0].At
		if !at.After(from.Add(e.Interval)) {
			known = true
			continue
		}
		if last == nil || at.After(last.At) {
			last = &Event{Kind: Deployment, At: at, Version: s.Labels["version"]}
		}
	}
	if !known {
		return nil, nil
	}
	return last, nil
}

// restart finds the last start of a process in a period.
func (e *Engine) restart(ctx context.Context, job string, from, to time.Time) (*Event, error) {
	all, err := e.querier.Query(ctx, "process_start_time_seconds"+matching("job", job), to)
	if err != nil {
		return nil, err
	}
	var last *Event
	for _, s := range all {
		at := time.UnixMilli(int64(s.last() * 1000)).UTC()
		if at.Before(from) || at.After(to) {
			continue
		}
		switch {
		case last == nil:
			last = &Event{Kind: Restart, At: at, Instance: s.Labels["instance"]}
		case at.After(last.At):
			last.At, last.Instance = at, ""
		default:
			last.Instance = ""
		}
	}
	return last, nil
}
