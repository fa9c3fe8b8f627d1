package server

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	configutil "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/wlog"
	"go.yaml.in/yaml/v2"
)

// dryRun does everything that can fail when c is applied, with temporary parts:
// Prometheus's own parts do not roll back after an error.
func (s *Server) dryRun(c *config.Config) error {
	for _, t := range []struct {
		what string
		try  func(*config.Config) error
	}{
		{"storage", s.tryStorage},
		{"query log", func(c *config.Config) error { return tryLog(c.GlobalConfig.QueryLogFile) }},
		{"remote read", tryRemoteRead},
		{"notifications", tryNotifications},
		{"scraping", tryScraping},
		{"discovery", tryDiscovery},
	} {
		if err := t.try(c); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrConfig, t.what, err)
		}
	}
	return nil
}

// tryStorage checks the directory of the WBL, which is created on first use.
func (s *Server) tryStorage(c *config.Config) error {
	if s.opts.Agent || c.StorageConfig.TSDBConfig.OutOfOrderTimeWindow <= 0 {
		return nil
	}
	dir := filepath.Join(s.opts.DataDir, wlog.WblDirName)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, os.ErrNotExist):
		return writable(s.opts.DataDir)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("out_of_order_time_window: %s is not a directory: move it away", dir)
	}
	return nil
}

// tryLog opens a log file, and removes it if it did not exist.
func tryLog(name string) error {
	if name == "" {
		return nil
	}
	_, missing := os.Stat(name)
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if errors.Is(missing, os.ErrNotExist) {
		err = os.Remove(name)
	}
	return errors.Join(err, f.Close())
}

// tryRemoteRead creates the clients and rejects duplicate entries, compared as YAML like in
// remote read.
func tryRemoteRead(c *config.Config) error {
	seen := make(map[string]bool)
	for _, rr := range c.RemoteReadConfigs {
		if err := once(seen, rr); err != nil {
			return fmt.Errorf("%s: %w", rr.URL.Redacted(), err)
		}
		_, err := remote.NewReadClient("", &remote.ClientConfig{
			URL: rr.URL, Timeout: rr.RemoteTimeout, ChunkedReadLimit: rr.ChunkedReadLimit,
			HTTPClientConfig: rr.HTTPClientConfig, Headers: rr.Headers,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", rr.URL.Redacted(), err)
		}
	}
	return nil
}

// once returns an error if the entry was already seen.
func once(seen map[string]bool, entry any) error {
	text, err := yaml.Marshal(entry)
	if err != nil {
		return err
	}
	if seen[string(text)] {
		return errors.New("duplicate entry: remove one, or set different names")
	}
	seen[string(text)] = true
	return nil
}

func tryNotifications(c *config.Config) error {
	m := notifier.NewManager(&notifier.Options{Registerer: prometheus.NewRegistry()},
		c.GlobalConfig.MetricNameValidationScheme, slog.New(slog.DiscardHandler))
	return m.ApplyConfig(c)
}

// tryScraping creates the HTTP client of each job and opens its log. Prometheus detects
// such errors only when the first target appears, and logs them.
func tryScraping(c *config.Config) error {
	for _, j := range c.ScrapeConfigs {
		if _, err := configutil.NewClientFromConfig(j.HTTPClientConfig, j.JobName); err != nil {
			return fmt.Errorf("the job %s: %w", j.JobName, err)
		}
		if _, err := config.ToEscapingScheme(j.MetricNameEscapingScheme, j.MetricNameValidationScheme); err != nil {
			return fmt.Errorf("the job %s: %w", j.JobName, err)
		}
		if err := tryLog(j.ScrapeFailureLogFile); err != nil {
			return fmt.Errorf("the job %s: scrape_failure_log_file: %w", j.JobName, err)
		}
	}
	return nil
}

// tryDiscovery creates every discoverer without running it. Discovery itself only
// counts and logs discoverers that it cannot create, and continues without them.
func tryDiscovery(c *config.Config) error {
	metrics, err := discovery.CreateAndRegisterSDMetrics(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	for _, j := range c.ScrapeConfigs {
		if err := makeDiscoverers(j.JobName, j.ServiceDiscoveryConfigs, metrics); err != nil {
			return fmt.Errorf("the job %s: %w", j.JobName, err)
		}
	}
	for name, a := range c.AlertingConfig.AlertmanagerConfigs.ToMap() {
		if err := makeDiscoverers(name, a.ServiceDiscoveryConfigs, metrics); err != nil {
			return fmt.Errorf("alertmanagers: %w", err)
		}
	}
	return nil
}

func makeDiscoverers(name string, all discovery.Configs, metrics *discovery.SDMetrics) error {
	for _, c := range all {
		_, err := c.NewDiscoverer(discovery.DiscovererOptions{
			Logger: slog.New(slog.DiscardHandler), Metrics: metrics.MechanismMetrics[c.Name()], SetName: name,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
	}
	return nil
}
