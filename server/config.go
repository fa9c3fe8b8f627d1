package server

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
)

// settings are a configuration with everything that it names on disk, read
// once: what is applied again after a failure is what was in use, whatever the
// files say by then.
type settings struct {
	file  *config.Config // as it was written
	whole *config.Config // with the jobs of scrape_config_files among its own
	rules []RuleFile     // built-in ones and those of rule_files
}

// load reads the configuration, checks it completely and fills what
// Prometheus takes from flags. Nothing is applied yet: a configuration that
// cannot be used leaves the one in use alone.
func (s *Server) load() (*settings, error) {
	c, err := s.opts.read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	s.opts.fill(c)
	named, err := c.GetScrapeConfigs() // with those of scrape_config_files
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
	whole := *c
	whole.ScrapeConfigs, whole.ScrapeConfigFiles = jobs, nil
	files, err := s.readRules(&whole)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &settings{c, &whole, files}, nil
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
// used, the error says why and the one in use stays, in every part. While the
// storage is being opened, Reload returns an error, and the configuration is
// read again as soon as the server is ready.
func (s *Server) Reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if now := state(s.state.Load()); now != ready {
		s.reloadWhenReady = now == starting
		return fmt.Errorf("the server is not ready, it is %s", now)
	}
	next, err := s.load()
	if err == nil {
		err = s.tryout(next.whole)
	}
	if err == nil {
		err = s.replace(next)
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

// replace applies next, and where a part refuses it the configuration in use
// again.
func (s *Server) replace(next *settings) error {
	refused, err := s.apply(next)
	if err == nil {
		return nil
	}
	if undo := s.restore(refused); undo != nil {
		s.log.Error("a part of the server could not go back to the configuration in use: restart the server", "err", undo)
		return errors.Join(err, undo)
	}
	return err
}

// A step hands a configuration to one part of the server.
type step struct {
	what  string
	apply func(*settings) error
}

// steps are those of a reload, those that fetch targets after those that need
// to know what to do with them. The storage comes last: what a shorter
// retention deletes does not come back.
func (s *Server) steps() []step {
	of := func(apply func(*config.Config) error) func(*settings) error {
		return func(c *settings) error { return apply(c.whole) }
	}
	return []step{
		{"runtime", of(applyRuntime)},
		{"query log", of(s.applyQueryLog)},
		{"remote write and read", of(s.remote.ApplyConfig)},
		{"notifications", of(s.notifier.ApplyConfig)},
		{"alertmanager discovery", of(s.applyAlertmanagers)},
		{"rules", s.applyRules},
		{"scraping", of(s.scraper.ApplyConfig)},
		{"target discovery", of(s.applyTargets)},
		{"storage", of(s.store.applyConfig)},
	}
}

// apply hands c to every part. The first that refuses it ends that; its index
// is returned. Only what all have taken is in use.
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

// restore hands the configuration in use to the parts up to the one that
// refused another. Discovery follows scraping even where it was not reached: it
// sends the targets anew to the pools that scraping makes again. Remote write
// that refused keeps its old queues running, and panics when it is told to make
// them a second time.
func (s *Server) restore(refused int) error {
	var all []error
	steps := s.steps()
	if steps[refused].what == "scraping" {
		refused++
	}
	for i, step := range steps[:refused+1] {
		if i == refused && step.what == "remote write and read" {
			continue
		}
		if err := step.apply(s.current.Load()); err != nil {
			all = append(all, fmt.Errorf("%s: %w", step.what, err))
		}
	}
	return errors.Join(all...)
}

// applyRuntime sets the garbage collector as the file says, by default to
// Prometheus's 75 percent: a TSDB's memory is mostly long-lived.
func applyRuntime(c *config.Config) error {
	debug.SetGCPercent(c.Runtime.GoGC)
	return nil
}

// config returns the configuration in use.
func (s *Server) config() *config.Config { return s.current.Load().file }
