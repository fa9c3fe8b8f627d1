package server

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/rules"
)

// load reads the configuration, checks it completely and fills what
// Prometheus takes from flags. Nothing is applied yet: a configuration that
// cannot be used leaves the one in use alone.
func (s *Server) load() (*config.Config, error) {
	c, err := s.opts.read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.opts.fill(c)
	jobs, err := c.GetScrapeConfigs() // with those of scrape_config_files
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := s.addSelf(c, jobs); err != nil {
		return nil, err
	}
	if err := rules.ParseFiles(c.RuleFiles, c.GlobalConfig.MetricNameValidationScheme, s.parser, promslog.NewNopLogger()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, nil
}

// read parses the file, or the text when there is no file.
func (o Options) read() (*config.Config, error) {
	if o.ConfigFile != "" {
		return config.LoadFile(o.ConfigFile, false, o.Logger)
	}
	return config.Load(o.Config, o.Logger)
}

// fill sets what is a flag of Prometheus, and what its packages do not
// default by themselves: without a retention everything is kept for ever,
// without the exemplars' section the head dereferences nil.
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

// defaultPercentage of the file system is what the blocks may fill where
// nothing else is said.
const defaultPercentage = 50

// Reload reads the configuration again and applies it. When it cannot be
// used, the error says why and the one in use stays.
func (s *Server) Reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	c, err := s.load()
	if err == nil {
		err = s.apply(c)
	}
	if err != nil {
		s.metrics.reloadOK.Set(0)
		s.log.Error("the configuration is not applied, the one in use stays", "err", err)
		return err
	}
	s.metrics.reloaded()
	s.log.Info("configuration applied", "file", s.opts.ConfigFile)
	return nil
}

// apply hands c to every part, those that fetch targets after those that need
// to know what to do with them.
func (s *Server) apply(c *config.Config) error {
	s.current.Store(c)
	s.subqueryStep.Store(time.Duration(c.GlobalConfig.EvaluationInterval).Milliseconds())
	for _, a := range []struct {
		what  string
		apply func(*config.Config) error
	}{
		{"runtime", applyRuntime},
		{"storage", s.store.applyConfig},
		{"remote write and read", s.remote.ApplyConfig},
		{"query log", s.applyQueryLog},
		{"scraping", s.scraper.ApplyConfig},
		{"target discovery", s.applyTargets},
		{"notifications", s.notifier.ApplyConfig},
		{"alertmanager discovery", s.applyAlertmanagers},
		{"rules", s.applyRules},
	} {
		if err := a.apply(c); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrConfig, a.what, err)
		}
	}
	return nil
}

// applyRuntime sets the garbage collector as the file says, by default to
// Prometheus's 75 percent: a TSDB's memory is mostly long-lived.
func applyRuntime(c *config.Config) error {
	debug.SetGCPercent(c.Runtime.GoGC)
	return nil
}

// config returns the configuration in use.
func (s *Server) config() *config.Config { return s.current.Load() }
