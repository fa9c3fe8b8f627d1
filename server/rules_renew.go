package server

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/storage"
)

// renewEvery is the default of RuleFile.Every.
const renewEvery = 15 * time.Second

// renewRules renews the built-in rules until ctx is done.
func (s *Server) renewRules(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		if every := s.renewalInterval(); every > 0 {
			tick.Reset(every)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.renewNow(ctx)
		}
	}
}

// renewalInterval is the shortest of the current rules, or 0 without rules that are renewed.
func (s *Server) renewalInterval() (shortest time.Duration) {
	for _, f := range s.current.Load().builtin {
		if f.Renew == nil {
			continue
		}
		every := f.Every
		if every <= 0 {
			every = renewEvery
		}
		if shortest == 0 || every < shortest {
			shortest = every
		}
	}
	return shortest
}

// renewNow applies the rules whose text has changed. The rest of the configuration stays as it is.
func (s *Server) renewNow(ctx context.Context) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	next, changed := s.renewed(ctx, s.current.Load())
	if !changed {
		return
	}
	if err := s.applyRules(next); err != nil {
		s.log.Error("the built-in rules could not be renewed; they stay as they are", "err", err)
		return
	}
	s.current.Store(next)
}

// renewed returns the settings with rules for the series that there are now.
func (s *Server) renewed(ctx context.Context, c *settings) (next *settings, changed bool) {
	all := slices.Clone(c.builtin)
	for i, f := range all {
		if f.Renew == nil {
			continue
		}
		text, err := f.Renew(ctx, s.series)
		if err == nil && bytes.Equal(text, f.YAML) {
			continue // it was checked when it was new
		}
		if err == nil {
			err = s.checkRules(RuleFile{Name: f.Name, YAML: text}, model.UTF8Validation)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.Warn("built-in rules were not renewed", "rules", f.Name, "err", err)
		case err == nil:
			all[i].YAML, changed = text, true
		}
	}
	if !changed {
		return c, false
	}
	renewed := *c
	renewed.builtin = all
	return &renewed, true
}

// series implements SeriesFunc.
func (s *Server) series(ctx context.Context, since time.Time, limit int, matching ...*labels.Matcher) (all []labels.Labels, err error) {
	now := time.Now()
	q, err := s.fanout.Querier(timestamp.FromTime(since), timestamp.FromTime(now))
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	defer func() { _ = q.Close() }()
	hints := &storage.SelectHints{Start: timestamp.FromTime(since), End: timestamp.FromTime(now), Limit: limit, Func: "series"} // no chunks
	found := q.Select(ctx, false, hints, matching...)
	for found.Next() {
		if all = append(all, found.At().Labels()); limit > 0 && len(all) == limit {
			return all, nil
		}
	}
	return all, found.Err()
}
