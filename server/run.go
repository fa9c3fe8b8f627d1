package server

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Run serves until ctx is done, then shuts down cleanly: all accepted samples are
// written. It returns nil if ctx was canceled.
func (s *Server) Run(ctx context.Context) error {
	opened := newLatch() // the configuration is applied
	watch, unwatch := context.WithCancel(context.Background())
	renew, endRenewal := context.WithCancel(context.Background())
	open, abandon := context.WithCancel(context.Background())
	parts := []part{
		// In the order in which they stop.
		{"readiness", func() error { <-open.Done(); return nil }, func() { s.state.Store(int32(stopping)); abandon() }},
		{"storage opening", func() error { return s.open(open, opened) }, abandon},
		{"target discovery", s.targets.Run, s.targets.stop},
		{"rule renewal", func() error { <-opened.opened; return s.renewRules(renew) }, endRenewal},
		{"rules", func() error { <-opened.opened; s.rules.Run(); return nil }, s.rules.Stop},
		{"scraping", func() error { <-opened.opened; return s.scraper.Run(s.targets.SyncCh()) }, s.scraper.Stop},
		{"notifications", func() error { <-opened.opened; s.notifier.Run(s.alertmanagers.SyncCh()); return nil }, s.notifier.Stop},
		{"alertmanager discovery", s.alertmanagers.Run, s.alertmanagers.stop},
		{"own scrape", func() error { s.self.serve(s.meter.Metrics()); return nil }, func() { _ = s.self.Close() }},
		{"disk watch", func() error { <-opened.opened; s.disk.run(watch); return nil }, unwatch},
		{"verdict", func() error { <-opened.opened; return s.judge.run(watch) }, unwatch},
		{"web", s.serveHTTP, s.shutdownHTTP},
		{"delta conversion", func() error { return s.otlp.run(watch) }, unwatch},
		{"storage", func() error { <-watch.Done(); return nil }, s.closeStorage},
	}
	if s.opts.Agent {
		parts = slices.DeleteFunc(parts, func(p part) bool { return slices.Contains(notInAgent, p.name) })
	}
	return runParts(ctx, s.log, parts)
}

// notInAgent are the parts that an agent has not.
var notInAgent = []string{"rules", "rule renewal", "notifications", "alertmanager discovery", "verdict", "delta conversion"}

// open opens the TSDB, which replays its WAL, and applies the configuration. It returns
// when ctx is done. The latch is opened in any case.
func (s *Server) open(ctx context.Context, opened *latch) error {
	defer opened.open()
	start := time.Now()
	if err := s.openStore(s.config()); err != nil {
		return err
	}
	s.reloading.Lock()
	next, _ := s.renewed(ctx, s.current.Load())
	_, err := s.apply(next)
	if err == nil {
		s.metrics.reloaded()
		s.state.CompareAndSwap(int32(starting), int32(ready))
	}
	again := s.reloadWhenReady
	s.reloading.Unlock()
	if err != nil {
		return err
	}
	opened.open()
	if again {
		_ = s.Reload() // logs its error
	}
	s.log.Info("ready", "url", s.URL(), "took", time.Since(start).Round(time.Millisecond))
	<-ctx.Done()
	return nil
}

// closeStorage closes the TSDB and gives remote write FlushDeadline to send the rest. Samples
// that are not sent then are sent after the next start.
func (s *Server) closeStorage() {
	if err := s.store.Close(); err != nil {
		s.log.Error("the storage did not close cleanly", "err", err)
	}
	if err := errors.Join(s.sender.Close(), s.remote.Close()); err != nil {
		s.log.Error("remote write and read did not close cleanly", "err", err)
	}
}
