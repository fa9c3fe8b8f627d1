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

// A Server is an embedded Prometheus. Make it with [New], run it once.
type Server struct {
	opts     Options
	log      *slog.Logger
	start    time.Time
	listener net.Listener
	folder   folderLock
	url      *url.URL

	registry *prometheus.Registry // everything but the TSDB's
	gatherer prometheus.Gatherer  // everything
	metrics  *metrics
	meter    *tacho.Meter
	features features.Collector
	notes    *notifications.Notifications
	parser   parser.Parser

	store         *store
	space         *space
	remote        *remote.Storage
	notesLeft     *allowance
	fanout        storage.Storage
	targets       *discoverer
	alertmanagers *discoverer
	scraper       *scrape.Manager
	notifier      *notifier.Manager
	engine        *promql.Engine
	rules         *rules.Manager
	ruleLoader    *ruleLoader
	ruleScheme    model.ValidationScheme
	self          memoryListener
	http          *http.Server
	otlp          *otlp // nil unless samples may be pushed

	state        atomic.Int32
	current      atomic.Pointer[settings]
	subqueryStep atomic.Int64
	reloading    sync.Mutex

	reloadWhenReady bool // guarded by reloading
}

// New checks everything that can be checked before samples are touched: the
// options, the configuration with its rule files, the data folder, the web
// configuration; it binds the port and locks the data folder. The errors are [ErrConfig] and
// [ErrInUse], with what to do about them. A Server that is not run must be
// given up with [Server.Close].
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	ln, err := o.listen()
	if err != nil {
		return nil, err
	}
	folder, err := lockFolder(o.DataDir)
	if err != nil {
		_ = ln.Close()
		return nil, err
	}
	s, err := build(o, ln, folder)
	if err != nil {
		_, _ = ln.Close(), folder.release()
		return nil, err
	}
	return s, nil
}

// build makes every part. The order is that of need: who is handed to another
// exists before it.
func build(o Options, ln net.Listener, folder folderLock) (*Server, error) {
	s := &Server{opts: o, log: o.Logger, start: time.Now().UTC(), listener: ln, folder: folder, self: newMemoryListener()}
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
	s.store = newStore(func(err error) { s.space.failed(err) })
	s.space = newSpace(o, s.store, s.reopen)
	s.registry.MustRegister(s.space)
	s.metrics = newMetrics(s.registry, o, s.store)
	s.gatherer = prometheus.Gatherers{s.registry, s.store}

	s.remote = remote.NewStorage(s.log.With("component", "remote"), s.registry, s.store.StartTime, o.DataDir, o.FlushDeadline, scraperOf{s}, false)
	s.notesLeft = &allowance{most: mostNotes, per: notesPer}
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

// scraperOf gives remote write the scrape manager, which is made after it.
type scraperOf struct{ *Server }

// Get implements remote.ReadyScrapeManager.
func (s scraperOf) Get() (*scrape.Manager, error) {
	if s.scraper == nil {
		return nil, errors.New("scraping has not begun")
	}
	return s.scraper, nil
}

// URL is where people reach the server.
func (s *Server) URL() string { return s.url.String() + "/" }

// Addr is the address that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Ready is true while queries are answered and samples stored.
func (s *Server) Ready() bool {
	return state(s.state.Load()) == ready && !s.store.full.Load()
}

// Close gives up the port and the data folder of a Server that was never run.
func (s *Server) Close() error { return errors.Join(s.listener.Close(), s.folder.release()) }

// Run serves until ctx ends, and then stops everything in order: nothing that
// was taken stays unwritten. It returns nil after an end by ctx.
func (s *Server) Run(ctx context.Context) error {
	opened := newGate() // the configuration is applied
	watch, unwatch := context.WithCancel(context.Background())
	open, abandon := context.WithCancel(context.Background())
	return runParts(ctx, s.log, []part{
		// In the order in which they end.
		{"readiness", func() error { <-open.Done(); return nil }, func() { s.state.Store(int32(stopping)); abandon() }},
		{"storage opening", func() error { return s.open(open, opened) }, abandon},
		{"target discovery", s.targets.Run, s.targets.stop},
		{"rules", func() error { <-opened.opened; s.rules.Run(); return nil }, s.rules.Stop},
		{"scraping", func() error { <-opened.opened; return s.scraper.Run(s.targets.SyncCh()) }, s.scraper.Stop},
		{"notifications", func() error { <-opened.opened; s.notifier.Run(s.alertmanagers.SyncCh()); return nil }, s.notifier.Stop},
		{"alertmanager discovery", s.alertmanagers.Run, s.alertmanagers.stop},
		{"own scrape", func() error { s.self.serve(s.meter.Metrics()); return nil }, func() { _ = s.self.Close() }},
		{"disk watch", func() error { <-opened.opened; s.space.run(watch); return nil }, unwatch},
		{"web", s.serveHTTP, s.shutdownHTTP},
		{"delta conversion", func() error { return s.otlp.run(watch) }, unwatch},
		{"storage", func() error { <-watch.Done(); return nil }, s.closeStorage},
	})
}

// open opens the TSDB, which replays its log, and applies the configuration.
// It returns when it is abandoned; everybody who waits for the gate is let go.
func (s *Server) open(ctx context.Context, opened *gate) error {
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

// closeStorage closes the TSDB, and gives remote write the deadline to send
// what it holds. A receiver that does not answer makes it take a multiple of
// that; what was not sent is in the TSDB, so nobody waits for it.
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
		s.log.Warn("remote write: a receiver does not answer; the samples that it lacks are in the data folder", "folder", s.opts.DataDir)
	}
}
