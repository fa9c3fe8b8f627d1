package server

import (
	"context"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/util/logging"
)

// newEngine returns the PromQL engine with the switches of Prometheus's
// command line.
func (s *Server) newEngine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		Logger:                   s.log.With("component", "query engine"),
		Reg:                      s.registry,
		MaxSamples:               s.opts.QueryMaxSamples,
		Timeout:                  s.opts.QueryTimeout,
		ActiveQueryTracker:       make(turnstile, s.opts.QueryConcurrency),
		LookbackDelta:            s.opts.QueryLookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return s.subqueryStep.Load() },
		EnableAtModifier:         true, // always on since Prometheus 2.33
		EnableNegativeOffset:     true,
		FeatureRegistry:          s.features,
		Parser:                   s.parser,
	})
}

// A turnstile lets as many queries run at once as it has room for. Prometheus's
// own tracker also keeps the running queries in a mapped file, to name them
// after a crash; a mapped file on a full disk is a crash by itself.
type turnstile chan struct{}

// GetMaxConcurrent implements promql.QueryTracker.
func (t turnstile) GetMaxConcurrent() int { return cap(t) }

// Insert waits for room.
func (t turnstile) Insert(ctx context.Context, _ string) (int, error) {
	select {
	case t <- struct{}{}:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Delete gives the room back.
func (t turnstile) Delete(int) { <-t }

// Close implements io.Closer.
func (t turnstile) Close() error { return nil }

// applyQueryLog opens the file that queries are logged to, if any is wanted.
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
