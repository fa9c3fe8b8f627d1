package server

import (
	"context"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"

	// Each kind of discovery is imported by itself: all of them together
	// triple the binary. Kubernetes is in discovery_kubernetes.go, files of
	// targets are in discovery_file.go.
	_ "github.com/prometheus/prometheus/discovery/consul"
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/http"
)

func (s *Server) newDiscoverer(name string, sd *discovery.SDMetrics) *discoverer {
	ctx, stop := context.WithCancel(context.Background())
	m := discovery.NewManager(ctx, s.log.With("component", "discovery", "for", name), s.registry, sd,
		discovery.Name(name), discovery.FeatureRegistry(s.features))
	return &discoverer{m, stop}
}

// applyTargets configures discovery for the scrape jobs.
func (s *Server) applyTargets(c *config.Config) error {
	jobs, err := c.GetScrapeConfigs()
	if err != nil {
		return err
	}
	wanted := make(map[string]discovery.Configs, len(jobs))
	for _, j := range jobs {
		wanted[j.JobName] = j.ServiceDiscoveryConfigs
	}
	return s.targets.ApplyConfig(wanted)
}

// applyAlertmanagers configures discovery for the Alertmanagers.
func (s *Server) applyAlertmanagers(c *config.Config) error {
	wanted := make(map[string]discovery.Configs)
	for name, a := range c.AlertingConfig.AlertmanagerConfigs.ToMap() {
		wanted[name] = a.ServiceDiscoveryConfigs
	}
	return s.alertmanagers.ApplyConfig(wanted)
}
