package server

import (
	"fmt"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
)

// The server scrapes itself as the job "tacho". It uses an in-memory connection,
// because its port may require a certificate or a password.
const (
	selfJob  = "tacho"
	selfHost = "self.tacho.internal:80" // never looked up
)

// addSelf adds the job, unless the configuration has one of that name.
func (s *Server) addSelf(c *config.Config, jobs []*config.ScrapeConfig) error {
	for _, j := range jobs {
		if j.JobName == selfJob {
			return nil
		}
	}
	text := fmt.Sprintf(`
global: {scrape_interval: %v, scrape_timeout: %v}
scrape_configs:
- job_name: %s
  scheme: http
  static_configs:
  - targets: [%q]
    labels: {instance: %q}
`, c.GlobalConfig.ScrapeInterval, c.GlobalConfig.ScrapeTimeout, selfJob, selfHost, s.url.Host)
	own, err := config.Load(text, promslog.NewNopLogger())
	if err != nil {
		return fmt.Errorf("the server's own job: %w", err)
	}
	c.ScrapeConfigs = append(c.ScrapeConfigs, own.ScrapeConfigs...)
	// Use the same name validation as the jobs of the file.
	own.ScrapeConfigs[0].MetricNameValidationScheme = c.GlobalConfig.MetricNameValidationScheme
	own.ScrapeConfigs[0].MetricNameEscapingScheme = escaping(c)
	return nil
}

func escaping(c *config.Config) string {
	if c.GlobalConfig.MetricNameValidationScheme == model.LegacyValidation {
		return model.EscapeUnderscores
	}
	return model.AllowUTF8
}
