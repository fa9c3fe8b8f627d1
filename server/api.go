package server

import (
	"context"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/grafana/regexp"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// PrometheusVersion is the embedded release of Prometheus. Clients such as
// Grafana adapt their queries to it.
const PrometheusVersion = "3.16.0"

// Limits of remote read: those of Prometheus's command line.
const (
	readSamples     = 5e7
	readConcurrency = 10
	readFrame       = 1 << 20
)

// noOrigin matches no origin: CORS is off.
var noOrigin = regexp.MustCompile(`^$`)

// newAPI creates Prometheus's HTTP API. When you update Prometheus, compare the
// order of the arguments of apiv1.NewAPI: many neighbors have the same type.
func (s *Server) newAPI() http.Handler {
	var receiver storage.AppendableV2
	if s.opts.RemoteWriteReceiver {
		receiver = s.fanout
	}
	var engine promql.QueryEngine // without one, a nil interface
	if s.engine != nil {
		engine = s.engine
	}
	api := apiv1.NewAPI(
		engine,
		s.fanout,
		receiver,
		s.store,
		func(context.Context) apiv1.ScrapePoolsRetriever { return s.scraper },
		func(context.Context) apiv1.TargetRetriever { return s.scraper },
		func(context.Context) apiv1.AlertmanagerRetriever { return s.notifier },
		func() config.Config { return *s.config() },
		s.flags(),
		apiv1.GlobalURLOptions{ListenAddress: s.listener.Addr().String(), Host: s.url.Host, Scheme: s.url.Scheme},
		s.whenReady,
		s.store,
		s.opts.DataDir,
		s.opts.AdminAPI,
		false, 0, // the experimental search
		s.log.With("component", "api"),
		func(context.Context) apiv1.RulesRetriever { return s.rules },
		readSamples, readConcurrency, readFrame,
		s.opts.Agent,
		noOrigin,
		s.runtimeInfo,
		&apiv1.PrometheusVersion{Version: PrometheusVersion, Revision: s.opts.Revision, Branch: "tacho " + s.opts.Version, GoVersion: runtime.Version()},
		s.notes.Get, s.notes.Sub,
		s.gatherer, s.registry,
		nil, // the default renderer of statistics
		s.opts.RemoteWriteReceiver,
		remoteapi.MessageTypes{remoteapi.WriteV1MessageType, remoteapi.WriteV2MessageType},
		false, false, false, // OTLP: see otlp.go
		s.opts.QueryLookback,
		false, false, // type and unit as labels, metadata in the log
		nil, // the default codes of errors
		s.features,
		apiv1.OpenAPIOptions{ExternalURL: s.url.String(), Version: PrometheusVersion},
		s.parser,
		false, // cost estimates
		s.opts.QueryTimeout,
	)
	r := route.New()
	api.Register(r)
	return r
}

// flags returns the settings that are flags in Prometheus, by Prometheus's names,
// for /api/v1/status/flags.
func (s *Server) flags() map[string]string {
	if s.opts.Agent {
		return map[string]string{
			"agent":                "true",
			"config.file":          s.opts.ConfigFile,
			"storage.agent.path":   s.opts.DataDir,
			"web.listen-address":   s.listener.Addr().String(),
			"web.external-url":     s.url.String(),
			"web.config.file":      s.opts.WebConfigFile,
			"web.enable-lifecycle": "true",
		}
	}
	return map[string]string{
		"config.file":                      s.opts.ConfigFile,
		"storage.tsdb.path":                s.opts.DataDir,
		"web.listen-address":               s.listener.Addr().String(),
		"web.external-url":                 s.url.String(),
		"web.config.file":                  s.opts.WebConfigFile,
		"query.lookback-delta":             s.opts.QueryLookback.String(),
		"query.timeout":                    s.opts.QueryTimeout.String(),
		"storage.tsdb.retention":           s.opts.Retention.String(),
		"web.enable-admin-api":             strconv.FormatBool(s.opts.AdminAPI),
		"web.enable-lifecycle":             "true",
		"web.enable-remote-write-receiver": strconv.FormatBool(s.opts.RemoteWriteReceiver),
	}
}

// runtimeInfo returns the data of /api/v1/status/runtimeinfo.
func (s *Server) runtimeInfo() (apiv1.RuntimeInfo, error) {
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	info := apiv1.RuntimeInfo{
		StartTime: s.start, CWD: dir, Hostname: host, ServerTime: time.Now().UTC(),
		ReloadConfigSuccess: gaugeValue(s.metrics.reloadOK) == 1,
		LastConfigTime:      time.Unix(int64(gaugeValue(s.metrics.reloadTime)), 0).UTC(),
		GoroutineCount:      runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		GOMEMLIMIT: debug.SetMemoryLimit(-1), GOGC: strconv.Itoa(s.config().Runtime.GoGC), GODEBUG: os.Getenv("GODEBUG"),
		CorruptionCount:  int64(corruptions(s.store)),
		StorageRetention: retentionText(s.config()),
	}
	return info, nil
}

// gaugeValue reads a gauge.
func gaugeValue(g prometheus.Gauge) float64 {
	var m dto.Metric
	if g.Write(&m) != nil {
		return 0
	}
	return m.GetGauge().GetValue()
}
