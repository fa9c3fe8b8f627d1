package server

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/prometheus/tsdb"
)

// metrics are the server's own metrics, in addition to those of Prometheus's packages
// and tacho's middleware.
type metrics struct {
	reloadOK, reloadTime prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, o Options, s *store) *metrics {
	m := &metrics{
		reloadOK: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "prometheus_config_last_reload_successful",
			Help: "Whether the last attempt to load the configuration succeeded.",
		}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "prometheus_config_last_reload_success_timestamp_seconds",
			Help: "Time of the last configuration that was applied.",
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "tacho_build_info",
		Help:        "1, with the version of the program.",
		ConstLabels: prometheus.Labels{"version": o.Version, "revision": o.Revision, "goversion": runtime.Version()},
	})
	build.Set(1)
	if !o.Agent {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tacho_server_newest_sample_ahead_seconds",
			Help: "How far the newest sample lies in the future, in seconds; while it does, older samples may be refused.",
		}, s.ahead))
	}
	reg.MustRegister(m.reloadOK, m.reloadTime, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) reloaded() {
	m.reloadOK.Set(1)
	m.reloadTime.SetToCurrentTime()
}

// ahead returns the seconds by which the newest sample is ahead of the clock.
func (s *store) ahead() (seconds float64) {
	_ = s.with(func(db *tsdb.DB) error {
		if db.Head().NumSeries() > 0 {
			seconds = max(0, time.Until(time.UnixMilli(db.Head().MaxTime())).Seconds())
		}
		return nil
	})
	return seconds
}
