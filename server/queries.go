package server

import (
	"context"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/logging"

	"github.com/tacho-go/tacho/verdict"
)

// newEngine returns the PromQL engine with the settings of Prometheus's command line.
func (s *Server) newEngine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger:                   s.log.With("component", "query engine"),
		Reg:                      s.registry,
		MaxSamples:               s.opts.QueryMaxSamples,
		Timeout:                  s.opts.QueryTimeout,
		ActiveQueryTracker:       make(queryLimiter, s.opts.QueryConcurrency),
		LookbackDelta:            s.opts.QueryLookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return s.subqueryStep.Load() },
		EnableAtModifier:         true, // always on since Prometheus 2.33
		EnableNegativeOffset:     true,
		FeatureRegistry:          s.features,
		Parser:                   s.parser,
	})
}

// A queryLimiter limits the number of concurrent queries. Prometheus's own tracker also
// keeps the active queries in a mapped file, to log them after a crash; a mapped file
// on a full disk causes a crash.
type queryLimiter chan struct{}

// GetMaxConcurrent implements promql.QueryTracker.
func (t queryLimiter) GetMaxConcurrent() int { return cap(t) }

// Insert waits for a free slot.
func (t queryLimiter) Insert(ctx context.Context, _ string) (int, error) {
	select {
	case t <- struct{}{}:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Delete frees a slot.
func (t queryLimiter) Delete(int) { <-t }

// Close implements io.Closer.
func (t queryLimiter) Close() error { return nil }

// applyQueryLog opens the query log file, if the configuration has one.
func (s *Server) applyQueryLog(c *config.Config) error {
	if c.GlobalConfig.QueryLogFile == "" {
		s.engine.SetQueryLogger(nil)
		return nil
	}
	l, err := logging.NewJSONFileLogger(c.GlobalConfig.QueryLogFile)
	if err != nil {
		return err
	}
	s.engine.SetQueryLogger(l)
	return nil
}

// newJudge returns what computes the verdict; nil without options for it.
func (s *Server) newJudge() *judge {
	if s.opts.VerdictFunc == nil {
		return nil
	}
	options := func() verdict.Options { return s.opts.VerdictFunc(jobsOf(s.current.Load().file)) }
	var q verdict.Querier = localQuerier{s.engine, s.fanout}
	if s.far != nil {
		q = s.far.querier()
	}
	return &judge{engine: verdict.New(q, options()), querier: q, options: options, source: s.source, log: s.log}
}
