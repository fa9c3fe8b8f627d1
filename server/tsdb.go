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

// tsdbOptions are those of Prometheus's command line, which the package's own
// defaults are not: they leave the log uncompressed, never merge blocks and
// store no exemplars.
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

// openDB opens the TSDB, with its metrics in a registry of its own, and says
// what it lost if the log was damaged.
func (s *Server) openDB(c *config.Config) (*tsdb.DB, *prometheus.Registry, error) {
	reg := prometheus.NewRegistry()
	kept := keepLog(s.opts.DataDir, time.Now())
	if err := s.folder.release(); err != nil { // the TSDB takes it over
		return nil, nil, fmt.Errorf("the lock of the data folder: %w", err)
	}
	db, err := tsdb.Open(s.opts.DataDir, s.log.With("component", "tsdb"), reg, tsdbOptions(c, s.features), s.store.stats)
	if err != nil {
		if !isLocked(err) {
			return nil, nil, fmt.Errorf("the data in %s cannot be opened: %w; the log before the attempt: %v", s.opts.DataDir, err, kept)
		}
		kept.drop()
		return nil, nil, inUse(s.opts.DataDir, err)
	}
	if corruptions(reg) > 0 {
		s.log.Error("the log was damaged: what came after the damage is not in the database", "folder", s.opts.DataDir, "log", kept.String())
	} else {
		kept.drop()
	}
	s.checkClock(db)
	return db, reg, nil
}

// isLocked tells the error of a locked folder, which has no type.
func isLocked(err error) bool {
	return strings.Contains(err.Error(), "lock DB directory")
}

// corruptions returns how many damaged logs the TSDB met when it was opened.
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

// clockSlack is how far ahead of the clock the newest sample may be before
// something is wrong with the clock.
const clockSlack = time.Minute

// checkClock finds samples from the future: written while the clock was
// ahead, they make the TSDB refuse everything older than its out-of-order
// window, and that is everything, until the clock has caught up.
func (s *Server) checkClock(db *tsdb.DB) {
	ahead := time.Until(time.UnixMilli(db.Head().MaxTime()))
	if db.Head().NumSeries() == 0 || ahead < clockSlack {
		return
	}
	s.log.Error("the newest sample lies in the future: the clock is behind now or was ahead; samples older than the out-of-order window before it are refused until the clock has caught up",
		"newest", time.UnixMilli(db.Head().MaxTime()).UTC(), "ahead", ahead.Round(time.Second),
		"cure", "set the clock right; to begin anew, move the folder away: "+s.opts.DataDir)
}

// reopen closes the TSDB and opens it anew, which mends its log.
func (s *Server) reopen() error {
	if err := s.store.Close(); err != nil && !errors.Is(err, tsdb.ErrNotReady) {
		s.log.Warn("the damaged storage did not close cleanly", "err", err)
	}
	return s.openStore(s.config())
}

// openStore opens the TSDB with c and puts it into use.
func (s *Server) openStore(c *config.Config) error {
	db, reg, err := s.openDB(c)
	if err != nil {
		return err
	}
	db.SetWriteNotified(s.remote)
	s.store.set(db, reg)
	return nil
}
