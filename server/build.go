package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	configutil "github.com/prometheus/common/config"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/util/features"
	"github.com/prometheus/prometheus/util/logging"
	"github.com/prometheus/prometheus/util/notifications"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/server/remotewrite"
)

// New validates the options, the configuration with its rule files, the data directory
// and the web configuration, binds the port and locks the data directory. It does not
// open the samples. The errors are [ErrConfig] and [ErrInUse]; their text includes the
// fix. A Server that is not run must be closed with [Server.Close].
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	ln, err := o.listen()
	if err != nil {
		return nil, err
	}
	dirLock, err := lockDir(o.DataDir)
	if err != nil {
		_ = ln.Close()
		return nil, err
	}
	s, err := build(o, ln, dirLock)
	if err != nil {
		_, _ = ln.Close(), dirLock.release()
		return nil, err
	}
	return s, nil
}

// build creates every part, in the order of their dependencies.
func build(o Options, ln net.Listener, dirLock dirLock) (*Server, error) {
	s := &Server{opts: o, log: o.Logger, start: time.Now().UTC(), listener: ln, dirLock: dirLock, self: newMemoryListener()}
	var err error
	if s.url, err = o.externalURL(ln); err != nil {
		return nil, err
	}
	s.features = features.NewRegistry()
	s.parser = parser.NewParser(parser.Options{})
	first, err := s.load()
	if err != nil {
		return nil, err
	}
	c := first.file
	s.current.Store(first)
	s.ruleScheme = c.GlobalConfig.MetricNameValidationScheme
	s.ruleLoader = &ruleLoader{parser: s.parser}
	s.subqueryStep.Store(time.Duration(c.GlobalConfig.EvaluationInterval).Milliseconds())

	s.registry = prometheus.NewRegistry()
	s.notes = notifications.NewNotifications(16, s.registry)
	s.store = newStore(func(err error) { s.disk.onCommitError(err) })
	s.disk = newDiskMonitor(o, s.store, s.reopen)
	s.registry.MustRegister(s.disk)
	s.metrics = newMetrics(s.registry, o, s.store)
	s.gatherer = prometheus.Gatherers{s.registry, s.store}

	s.remote = remote.NewStorage(s.log.With("component", "remote"), s.registry, s.store.StartTime, o.DataDir, o.FlushDeadline, scraperOf{s}, false)
	s.sender = remotewrite.New(remotewrite.Options{
		DataDir: o.DataDir, MaxBacklog: o.MaxBacklog, FlushDeadline: o.FlushDeadline,
		Registerer: s.registry, Scraper: scraperOf{s}, Logger: s.log.With("component", "remote write"),
	})
	s.annotationLimit = &rateLimiter{limit: maxAnnotations, window: annotationWindow}
	s.fanout = storage.NewFanout(s.log, s.store, s.remote)
	s.recorded.Store(&map[string]bool{})
	if !o.Agent {
		s.engine = s.newEngine()
		if s.far, err = newRemoteEngine(o); err != nil {
			return nil, err
		}
		s.judge = s.newJudge()
		s.buildAlerting(c)
	}
	if err := s.buildScraping(); err != nil {
		return nil, err
	}
	return s, s.buildHTTP()
}

func (s *Server) buildScraping() error {
	if err := discovery.RegisterK8sClientMetricsWithPrometheus(s.registry); err != nil {
		return err
	}
	sd, err := discovery.CreateAndRegisterSDMetrics(s.registry)
	if err != nil {
		return err
	}
	s.targets, s.alertmanagers = s.newDiscoverer("scrape", sd), s.newDiscoverer("notify", sd)
	s.scraper, err = scrape.NewManager(&scrape.Options{
		DiscoveryReloadInterval: model.Duration(s.opts.DiscoveryInterval),
		HTTPClientOptions:       []configutil.HTTPClientOption{configutil.WithDialContextFunc(s.self.dial)},
		FeatureRegistry:         s.features,
	}, s.log.With("component", "scrape"), logging.NewJSONFileLogger, nil, s.fanout, s.registry)
	if err != nil {
		return err
	}
	return s.registry.Register(newProblems(s))
}

func (s *Server) buildAlerting(c *config.Config) {
	s.notifier = notifier.NewManager(&notifier.Options{
		QueueCapacity: 10_000, DrainOnShutdown: true, Registerer: s.registry,
	}, c.GlobalConfig.MetricNameValidationScheme, s.log.With("component", "notifier"))
	s.rules = rules.NewManager(&rules.ManagerOptions{
		NameValidationScheme:   c.GlobalConfig.MetricNameValidationScheme,
		ExternalURL:            s.url,
		QueryFunc:              s.ruleQueries(),
		NotifyFunc:             rules.SendAlerts(s.notifier, s.url.String()),
		Context:                context.Background(),
		AppendableV2:           s.fanout,
		Queryable:              s.store,
		Logger:                 s.log.With("component", "rules"),
		Registerer:             s.registry,
		OutageTolerance:        time.Hour,
		ForGracePeriod:         10 * time.Minute,
		ResendDelay:            time.Minute,
		GroupLoader:            s.ruleLoader,
		DefaultRuleQueryOffset: func() time.Duration { return time.Duration(s.config().GlobalConfig.RuleQueryOffset) },
		FeatureRegistry:        s.features,
		Parser:                 s.parser,
	})
}

func (s *Server) buildHTTP() (err error) {
	s.meter, err = tacho.New(tacho.Options{Registerer: s.registry, Gatherer: s.gatherer, OmitRuntime: true, Logger: s.log, Multiproc: tacho.Multiproc{Off: true}})
	if err != nil {
		return err
	}
	if s.opts.RemoteWriteReceiver {
		if s.otlp, err = s.newOTLP(); err != nil {
			return err
		}
	}
	s.http = newHTTPServer(s.handler())
	return nil
}

// scraperOf provides the scrape manager to remote write, which is created before it. remote
// write takes the metadata from it.
type scraperOf struct{ *Server }

// Get implements remote.ReadyScrapeManager.
func (s scraperOf) Get() (*scrape.Manager, error) {
	if s.scraper == nil {
		return nil, errors.New("scraping has not started")
	}
	return s.scraper, nil
}

func (s *Server) newOTLP() (*otlp, error) {
	d, err := newDeltas(maxDeltaStreams)
	if err != nil {
		return nil, fmt.Errorf("conversion of OTLP deltas: %w", err)
	}
	o := &otlp{
		to: s.fanout, full: &s.store.full, config: s.config, lookback: s.opts.QueryLookback, log: s.log.With("component", "otlp"), deltas: d,
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: rejectedPoints,
			Help: "Data points pushed over OTLP that were not stored; their clients were told.",
		}),
	}
	return o, s.registry.Register(o.rejected)
}
