package server

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"

	"github.com/tacho-go/tacho/server/remotewrite"
)

// load reads and validates the configuration and sets what Prometheus takes from
// flags. It applies nothing: an invalid configuration does not affect the current
// one.
func (s *Server) load() (*settings, error) {
	c, err := s.opts.read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.opts.fill(c)
	named, err := c.GetScrapeConfigs() // includes scrape_config_files
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := s.addSelf(c, named); err != nil {
		return nil, err
	}
	jobs, err := c.GetScrapeConfigs()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	expanded := *c
	expanded.ScrapeConfigs, expanded.ScrapeConfigFiles = jobs, nil
	if err := remotewrite.Check(&expanded); err != nil {
		return nil, fmt.Errorf("%w: remote_write: %w", ErrConfig, err)
	}
	next := &settings{file: c, expanded: &expanded}
	if err := s.readRules(next); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return next, nil
}

// read parses the file, or the text if there is no file.
func (o Options) read() (*config.Config, error) {
	c, err := o.parse()
	if err == nil && o.Agent && len(c.RemoteWriteConfigs) == 0 {
		return nil, errors.New("remote_write is missing: an agent only forwards samples; add a receiver")
	}
	return c, err
}

func (o Options) parse() (*config.Config, error) {
	if o.ConfigFile != "" {
		return config.LoadFile(o.ConfigFile, o.Agent, o.Logger)
	}
	return config.Load(o.Config, o.Logger)
}

// fill sets what Prometheus takes from flags, and defaults that its packages lack:
// without a retention, samples are kept forever; without an exemplars section, the
// head dereferences nil.
func (o Options) fill(c *config.Config) {
	if c.StorageConfig.ExemplarsConfig == nil {
		exemplars := config.DefaultExemplarsConfig
		c.StorageConfig.ExemplarsConfig = &exemplars
	}
	if c.StorageConfig.TSDBConfig == nil {
		c.StorageConfig.TSDBConfig = &config.TSDBConfig{}
	}
	tsdb := c.StorageConfig.TSDBConfig
	if r := tsdb.Retention; r != nil && (r.Time != 0 || r.Size != 0 || r.Percentage != 0) {
		return
	}
	tsdb.Retention = &config.TSDBRetentionConfig{
		Time: model.Duration(o.Retention),
		Size: units.Base2Bytes(o.RetentionBytes),
	}
	if o.RetentionBytes == 0 {
		tsdb.Retention.Percentage = defaultPercentage
	}
}

// defaultPercentage is the default limit of the blocks, in percent of the file system.
const defaultPercentage = 50

// Reload reads the configuration and applies it. If it is invalid, Reload returns
// the reason, and the current configuration stays in use in every part. While the
// storage is being opened, Reload returns an error and is repeated once the server
// is ready.
func (s *Server) Reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if now := state(s.state.Load()); now != ready {
		s.reloadWhenReady = now == starting
		return fmt.Errorf("the server is not ready, it is %s", now)
	}
	next, err := s.load()
	if err == nil {
		next, _ = s.renewed(context.Background(), next)
		err = s.dryRun(next.expanded)
	}
	if err == nil {
		err = s.replace(next)
	}
	if err != nil {
		s.metrics.reloadOK.Set(0)
		s.log.Error("the new configuration was not applied; the current one stays in use", "err", err)
		return err
	}
	s.metrics.reloaded()
	s.log.Info("configuration applied", "file", s.opts.ConfigFile)
	return nil
}

// replace applies next. If a part rejects it, replace restores the current
// configuration.
func (s *Server) replace(next *settings) error {
	refused, err := s.apply(next)
	if err == nil {
		return nil
	}
	if undo := s.restore(refused); undo != nil {
		s.log.Error("a part of the server could not restore the current configuration: restart the server", "err", undo)
		return errors.Join(err, undo)
	}
	return err
}

// A step applies a configuration to one part of the server.
type step struct {
	what  string
	apply func(*settings) error
}

// steps returns the steps of a reload. Target discovery follows the parts that use
// the targets. The storage comes last: a shorter retention deletes data, which cannot
// be undone.
func (s *Server) steps() []step {
	of := func(apply func(*config.Config) error) func(*settings) error {
		return func(c *settings) error { return apply(c.expanded) }
	}
	if s.opts.Agent {
		return []step{
			{"runtime", of(applyRuntime)},
			{"remote write", of(s.sender.ApplyConfig)},
			{"scraping", of(s.scraper.ApplyConfig)},
			{"target discovery", of(s.applyTargets)},
		}
	}
	return []step{
		{"runtime", of(applyRuntime)},
		{"query log", of(s.applyQueryLog)},
		{"remote read", of(s.applyRemoteRead)},
		{"remote write", of(s.sender.ApplyConfig)},
		{"notifications", of(s.notifier.ApplyConfig)},
		{"alertmanager discovery", of(s.applyAlertmanagers)},
		{"rules", s.applyRules},
		{"scraping", of(s.scraper.ApplyConfig)},
		{"target discovery", of(s.applyTargets)},
		{"storage", of(s.store.applyConfig)},
	}
}

// apply applies c to every part and stops at the first error, whose index it
// returns. c becomes the current configuration only if all parts accept it.
func (s *Server) apply(c *settings) (refused int, err error) {
	for i, step := range s.steps() {
		if err := step.apply(c); err != nil {
			return i, fmt.Errorf("%w: %s: %w", ErrConfig, step.what, err)
		}
	}
	s.current.Store(c)
	s.subqueryStep.Store(time.Duration(c.file.GlobalConfig.EvaluationInterval).Milliseconds())
	return 0, nil
}

// restore applies the current configuration to the parts up to the one that rejected
// the new one. If scraping failed, discovery is included: it resends the targets to
// the recreated scrape pools.
func (s *Server) restore(refused int) error {
	var all []error
	steps := s.steps()
	if steps[refused].what == "scraping" {
		refused++
	}
	for _, step := range steps[:refused+1] {
		if err := step.apply(s.current.Load()); err != nil {
			all = append(all, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return errors.Join(all...)
}

// applyRemoteRead applies the configuration without its remote_write: the samples are sent by
// remotewrite.
func (s *Server) applyRemoteRead(c *config.Config) error {
	reading := *c
	reading.RemoteWriteConfigs = nil
	return s.remote.ApplyConfig(&reading)
}

// applyRuntime sets GOGC from the file. The default is Prometheus's 75: most of a
// TSDB's memory is long-lived.
func applyRuntime(c *config.Config) error {
	debug.SetGCPercent(c.Runtime.GoGC)
	return nil
}
