package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	configutil "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/util/features"
	"github.com/prometheus/prometheus/util/logging"
	"github.com/prometheus/prometheus/util/notifications"

	"github.com/tacho-go/tacho"
)

// A Server is an embedded Prometheus. Create it with [New] and run it once.
type Server struct {
	opts     Options
	log      *slog.Logger
	start    time.Time
	listener net.Listener
	dirLock  dirLock
	url      *url.URL

	registry *prometheus.Registry // all metrics except those of the TSDB
	gatherer prometheus.Gatherer  // all metrics
	metrics  *metrics
	meter    *tacho.Meter
	features features.Collector
	notes    *notifications.Notifications
	parser   parser.Parser

	store           *store
	disk            *diskMonitor
	remote          *remote.Storage
	annotationLimit *rateLimiter
	fanout          storage.Storage
	targets         *discoverer
	alertmanagers   *discoverer
	scraper         *scrape.Manager
	notifier        *notifier.Manager
	engine          *promql.Engine
	rules           *rules.Manager
	ruleLoader      *ruleLoader
	ruleScheme      model.ValidationScheme
	self            memoryListener
	http            *http.Server
	otlp            *otlp // nil unless samples may be pushed

	state        atomic.Int32
	current      atomic.Pointer[settings]
	subqueryStep atomic.Int64
	reloading    sync.Mutex

	reloadWhenReady bool // guarded by reloading
}

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
	s.annotationLimit = &rateLimiter{limit: maxAnnotations, window: annotationWindow}
	s.fanout = storage.NewFanout(s.log, s.store, s.remote)
	s.engine = s.newEngine()
	if err := s.buildScraping(); err != nil {
		return nil, err
	}
	s.buildAlerting(c)
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
		QueryFunc:              rules.EngineQueryFunc(s.engine, s.fanout),
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

// scraperOf provides the scrape manager to remote write, which is created before it.
type scraperOf struct{ *Server }

// Get implements remote.ReadyScrapeManager.
func (s scraperOf) Get() (*scrape.Manager, error) {
	if s.scraper == nil {
		return nil, errors.New("scraping has not started")
	}
	return s.scraper, nil
}

// URL returns the external URL of the server.
func (s *Server) URL() string { return s.url.String() + "/" }

// Addr returns the listen address.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Ready reports whether queries are answered and samples are stored.
func (s *Server) Ready() bool {
	return state(s.state.Load()) == ready && !s.store.full.Load()
}

// Close releases the port and the data directory of a Server that was never run.
func (s *Server) Close() error { return errors.Join(s.listener.Close(), s.dirLock.release()) }

// Run serves until ctx is done, then shuts down cleanly: all accepted samples are
// written. It returns nil if ctx was canceled.
func (s *Server) Run(ctx context.Context) error {
	opened := newLatch() // the configuration is applied
	watch, unwatch := context.WithCancel(context.Background())
	open, abandon := context.WithCancel(context.Background())
	return runParts(ctx, s.log, []part{
		// In the order in which they stop.
		{"readiness", func() error { <-open.Done(); return nil }, func() { s.state.Store(int32(stopping)); abandon() }},
		{"storage opening", func() error { return s.open(open, opened) }, abandon},
		{"target discovery", s.targets.Run, s.targets.stop},
		{"rules", func() error { <-opened.opened; s.rules.Run(); return nil }, s.rules.Stop},
		{"scraping", func() error { <-opened.opened; return s.scraper.Run(s.targets.SyncCh()) }, s.scraper.Stop},
		{"notifications", func() error { <-opened.opened; s.notifier.Run(s.alertmanagers.SyncCh()); return nil }, s.notifier.Stop},
		{"alertmanager discovery", s.alertmanagers.Run, s.alertmanagers.stop},
		{"own scrape", func() error { s.self.serve(s.meter.Metrics()); return nil }, func() { _ = s.self.Close() }},
		{"disk watch", func() error { <-opened.opened; s.disk.run(watch); return nil }, unwatch},
		{"web", s.serveHTTP, s.shutdownHTTP},
		{"delta conversion", func() error { return s.otlp.run(watch) }, unwatch},
		{"storage", func() error { <-watch.Done(); return nil }, s.closeStorage},
	})
}

// open opens the TSDB, which replays its WAL, and applies the configuration. It returns
// when ctx is done. The latch is opened in any case.
func (s *Server) open(ctx context.Context, opened *latch) error {
	defer opened.open()
	start := time.Now()
	if err := s.openStore(s.config()); err != nil {
		return err
	}
	s.reloading.Lock()
	_, err := s.apply(s.current.Load())
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

// closeStorage closes the TSDB and gives remote write FlushDeadline to send its queue.
// With a receiver that does not respond, remote write would take several times as long;
// unsent samples are in the TSDB, so closeStorage does not wait for them.
func (s *Server) closeStorage() {
	if err := s.store.Close(); err != nil {
		s.log.Error("the storage did not close cleanly", "err", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- s.remote.Close() }()
	select {
	case err := <-sent:
		if err != nil {
			s.log.Error("remote write did not close cleanly", "err", err)
		}
	case <-time.After(s.opts.FlushDeadline + time.Second):
		s.log.Warn("remote write: a receiver does not respond; the unsent samples are in the data directory", "folder", s.opts.DataDir)
	}
}
