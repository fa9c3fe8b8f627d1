package server

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/util/features"
	"github.com/prometheus/prometheus/util/notifications"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/server/remotewrite"
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
	remote          *remote.Storage // remote read
	sender          *remotewrite.Sender
	annotationLimit *rateLimiter
	fanout          storage.Storage
	targets         *discoverer
	alertmanagers   *discoverer
	scraper         *scrape.Manager
	notifier        *notifier.Manager
	engine          *promql.Engine
	far             *remoteEngine                   // nil if queries are evaluated here
	recorded        atomic.Pointer[map[string]bool] // by the rules
	rules           *rules.Manager
	ruleLoader      *ruleLoader
	ruleScheme      model.ValidationScheme
	self            memoryListener
	http            *http.Server
	otlp            *otlp  // nil unless samples may be pushed
	judge           *judge // nil without built-in rules

	state        atomic.Int32
	current      atomic.Pointer[settings]
	subqueryStep atomic.Int64
	reloading    sync.Mutex

	reloadWhenReady bool // guarded by reloading
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

// config returns the current configuration.
func (s *Server) config() *config.Config { return s.current.Load().file }
