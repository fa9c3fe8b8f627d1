package server

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"
	"github.com/prometheus/prometheus/util/features"
	pruntime "github.com/prometheus/prometheus/util/runtime"
)

// tsdbOptions returns the defaults of Prometheus's command line. The defaults of the
// tsdb package differ: no WAL compression, no block merging, no exemplars.
func tsdbOptions(c *config.Config, registry features.Collector) *tsdb.Options {
	conf := c.StorageConfig.TSDBConfig
	o := tsdb.DefaultOptions()
	o.WALCompression = compression.Snappy
	o.RetentionDuration = time.Duration(conf.Retention.Time).Milliseconds()
	o.MaxBytes = int64(conf.Retention.Size)
	o.MaxPercentage = conf.Retention.Percentage
	o.FsSizeFunc = pruntime.FsSize
	o.MaxBlockDuration = min(maxBlock, max(time.Duration(conf.Retention.Time)/10, time.Duration(o.MinBlockDuration)*time.Millisecond)).Milliseconds()
	o.EnableExemplarStorage = true
	o.MaxExemplars = c.StorageConfig.ExemplarsConfig.MaxExemplars
	o.OutOfOrderTimeWindow = conf.OutOfOrderTimeWindow
	o.StaleSeriesCompactionThreshold = conf.StaleSeriesCompactionThreshold
	if conf.ChunkEncoding.Floats == config.FloatChunkEncodingXOR2 {
		o.FloatChunkEncoding = chunkenc.EncXOR2
	}
	o.FeatureRegistry = registry
	return o
}

// openTSDB opens a TSDB.
func (s *Server) openTSDB(c *config.Config, reg *prometheus.Registry) (database, error) {
	db, err := tsdb.Open(s.opts.DataDir, s.log.With("component", "tsdb"), reg, tsdbOptions(c, s.features), s.store.stats)
	if err != nil {
		return nil, err
	}
	db.SetWriteNotified(s.sender)
	s.checkClock(db)
	return db, nil
}

// openDB opens the database with its own registry, and logs an error if the WAL was
// damaged.
func (s *Server) openDB(c *config.Config) (database, *prometheus.Registry, error) {
	reg := prometheus.NewRegistry()
	kept := backUpWAL(s.opts.DataDir, time.Now())
	if err := s.dirLock.release(); err != nil { // the database takes it over
		return nil, nil, fmt.Errorf("lock of the data directory: %w", err)
	}
	open := s.openTSDB
	if s.opts.Agent {
		open = s.openAgent
	}
	db, err := open(c, reg)
	if err != nil {
		if !isLocked(err) {
			return nil, nil, fmt.Errorf("cannot open the data in %s: %w; backup of the WAL: %v", s.opts.DataDir, err, kept)
		}
		kept.drop()
		return nil, nil, inUse(s.opts.DataDir, err)
	}
	if corruptions(reg) > 0 || kept.differs(s.opts.DataDir) { // an agent does not count them
		s.log.Error("the WAL was damaged: samples after the damage are not in the database", "folder", s.opts.DataDir, "log", kept.String())
	} else {
		kept.drop()
	}
	return db, reg, nil
}

// isLocked recognizes the error of a locked directory, which has no type.
func isLocked(err error) bool {
	return strings.Contains(err.Error(), "lock DB directory")
}

// corruptions returns the number of WAL corruptions when the TSDB was opened.
func corruptions(reg prometheus.Gatherer) float64 {
	families, err := reg.Gather()
	if err != nil {
		return 0
	}
	for _, f := range families {
		if f.GetName() == "prometheus_tsdb_wal_corruptions_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}

// clockSlack is how far the newest sample may be ahead of the clock without a warning.
const clockSlack = time.Minute

// checkClock detects samples from the future, written while the clock was ahead. Until
// the clock has caught up, the TSDB rejects all new samples as older than its
// out-of-order window.
func (s *Server) checkClock(db *tsdb.DB) {
	ahead := time.Until(time.UnixMilli(db.Head().MaxTime()))
	if db.Head().NumSeries() == 0 || ahead < clockSlack {
		return
	}
	s.log.Error("the newest sample is in the future: the clock is behind now or was ahead; samples older than the out-of-order window before it are rejected until the clock has caught up",
		"newest", time.UnixMilli(db.Head().MaxTime()).UTC(), "ahead", ahead.Round(time.Second),
		"fix", "set the clock right; to start over, move the directory away: "+s.opts.DataDir)
}

// reopen closes and reopens the database, which repairs its WAL.
func (s *Server) reopen() error {
	if err := s.store.Close(); err != nil && !errors.Is(err, tsdb.ErrNotReady) {
		s.log.Warn("the damaged storage did not close cleanly", "err", err)
	}
	return s.openStore(s.config())
}

// openStore opens the database with c and installs it.
func (s *Server) openStore(c *config.Config) error {
	db, reg, err := s.openDB(c)
	if err != nil {
		return err
	}
	s.store.set(db, reg)
	return nil
}
