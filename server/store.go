package server

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/agent"
)

// errFull is the error of writes while the disk is full.
var errFull = errors.New("the disk is full: no samples are stored until there is free space")

// A store is a TSDB that may not be open yet and can be reopened while its users keep
// the store. Writes fail while the disk is full, see diskMonitor; reads fail only while
// the TSDB is closed.
type store struct {
	stats *tsdb.DBStats
	full  atomic.Bool
	onErr func(error) // called after failed commits

	mu  sync.RWMutex
	gen *generation // nil while closed
}

// A generation is one opened database with its own registry, because opening it registers
// metrics.
type generation struct {
	database
	db    *tsdb.DB // nil in an agent
	reg   *prometheus.Registry
	users sync.WaitGroup // active readers and writers
}

// A database is a TSDB, or the log of an agent, which cannot be queried.
type database interface {
	storage.Appendable
	storage.AppendableV2
	Close() error
}

func newStore(onErr func(error)) *store {
	return &store{stats: tsdb.NewDBStats(), onErr: onErr}
}

// set installs an opened database.
func (s *store) set(db database, reg *prometheus.Registry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gen = &generation{database: db, reg: reg}
	s.gen.db, _ = db.(*tsdb.DB)
}

// Close waits for the active readers and writers and closes the TSDB. Afterwards, set
// can install another one.
func (s *store) Close() error {
	s.mu.Lock()
	g := s.gen
	s.gen = nil
	s.mu.Unlock()
	if g == nil {
		return nil
	}
	g.users.Wait()
	return g.Close()
}

// acquire returns the open database and keeps it open until release is called.
func (s *store) acquire() (g *generation, release func(), err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.gen == nil {
		return nil, nil, tsdb.ErrNotReady
	}
	g = s.gen
	g.users.Add(1)
	return g, sync.OnceFunc(g.users.Done), nil
}

// reading is acquire for a TSDB.
func (s *store) reading() (db *tsdb.DB, release func(), err error) {
	g, release, err := s.acquire()
	if err != nil {
		return nil, nil, err
	}
	if g.db == nil {
		release()
		return nil, nil, agent.ErrUnsupported
	}
	return g.db, release, nil
}

// with calls f with the open TSDB.
func (s *store) with(f func(*tsdb.DB) error) error {
	db, release, err := s.reading()
	if err != nil {
		return err
	}
	defer release()
	return f(db)
}

// Gather returns the metrics of the database, or none while it is closed.
func (s *store) Gather() ([]*dto.MetricFamily, error) {
	s.mu.RLock()
	g := s.gen
	s.mu.RUnlock()
	if g == nil {
		return nil, nil
	}
	return g.reg.Gather()
}

// applyConfig applies the retention and other settings of a TSDB. An agent's log has none.
func (s *store) applyConfig(c *config.Config) error {
	err := s.with(func(db *tsdb.DB) error { return db.ApplyConfig(c) })
	if errors.Is(err, agent.ErrUnsupported) {
		return nil
	}
	return err
}

// StartTime returns the time before which samples are read from remote storage.
func (s *store) StartTime() (int64, error) {
	start := int64(math.MaxInt64)
	err := s.with(func(db *tsdb.DB) error {
		start = time.Now().UnixMilli()
		if blocks := db.Blocks(); len(blocks) > 0 {
			start = blocks[0].Meta().MinTime
		}
		start += 2 * tsdb.DefaultBlockDuration // the head needs that long to become a block
		return nil
	})
	return start, err
}

// Querier reads samples. The TSDB stays open until the querier is closed.
func (s *store) Querier(mint, maxt int64) (storage.Querier, error) {
	db, release, err := s.reading()
	if err != nil {
		return nil, err
	}
	q, err := db.Querier(mint, maxt)
	if err != nil {
		release()
		return nil, err
	}
	return &querier{q, release}, nil
}

// ChunkQuerier reads chunks. The TSDB stays open until the querier is closed.
func (s *store) ChunkQuerier(mint, maxt int64) (storage.ChunkQuerier, error) {
	db, release, err := s.reading()
	if err != nil {
		return nil, err
	}
	q, err := db.ChunkQuerier(mint, maxt)
	if err != nil {
		release()
		return nil, err
	}
	return &chunkQuerier{q, release}, nil
}

// ExemplarQuerier reads exemplars, which are in memory.
func (s *store) ExemplarQuerier(ctx context.Context) (q storage.ExemplarQuerier, err error) {
	err = s.with(func(db *tsdb.DB) error {
		q, err = db.ExemplarQuerier(ctx)
		return err
	})
	return q, err
}

type querier struct {
	storage.Querier
	release func()
}

func (q *querier) Close() error {
	defer q.release()
	return q.Querier.Close()
}

type chunkQuerier struct {
	storage.ChunkQuerier
	release func()
}

func (q *chunkQuerier) Close() error {
	defer q.release()
	return q.ChunkQuerier.Close()
}

// Appender writes samples. The TSDB stays open until Commit or Rollback.
func (s *store) Appender(ctx context.Context) storage.Appender {
	db, release, err := s.writing()
	if err != nil {
		return failingAppender{err}
	}
	return &appender{db.Appender(ctx), s.transaction(release)}
}

// AppenderV2 is Appender for Prometheus's newer interface.
func (s *store) AppenderV2(ctx context.Context) storage.AppenderV2 {
	db, release, err := s.writing()
	if err != nil {
		return failingAppenderV2{err}
	}
	// The remote write receiver needs the larger interface, which the TSDB's
	// appenders implement.
	return &appenderV2{db.AppenderV2(ctx).(storage.ExemplarAppenderV2), s.transaction(release)}
}

func (s *store) writing() (database, func(), error) {
	if s.full.Load() {
		return nil, nil, errFull
	}
	return s.acquire()
}

// transaction returns the function that handles the result of a commit.
func (s *store) transaction(release func()) func(error) error {
	return func(err error) error {
		release()
		if err != nil {
			s.onErr(err)
		}
		return err
	}
}

type appender struct {
	storage.Appender
	end func(error) error
}

func (a *appender) Commit() error   { return a.end(a.Appender.Commit()) }
func (a *appender) Rollback() error { return a.end(a.Appender.Rollback()) }

type appenderV2 struct {
	storage.ExemplarAppenderV2
	end func(error) error
}

func (a *appenderV2) Commit() error   { return a.end(a.ExemplarAppenderV2.Commit()) }
func (a *appenderV2) Rollback() error { return a.end(a.ExemplarAppenderV2.Rollback()) }

// The methods below implement the API's TSDB interfaces.

// CleanTombstones removes deleted samples from disk.
func (s *store) CleanTombstones() error {
	return s.with(func(db *tsdb.DB) error { return db.CleanTombstones() })
}

// Delete deletes samples of series that match.
func (s *store) Delete(ctx context.Context, mint, maxt int64, ms ...*labels.Matcher) error {
	return s.with(func(db *tsdb.DB) error { return db.Delete(ctx, mint, maxt, ms...) })
}

// Snapshot writes the blocks, with the head if wanted, into dir.
func (s *store) Snapshot(dir string, withHead bool) error {
	return s.with(func(db *tsdb.DB) error { return db.Snapshot(dir, withHead) })
}

// Stats describes the head.
func (s *store) Stats(label string, limit int) (stats *tsdb.Stats, err error) {
	err = s.with(func(db *tsdb.DB) error {
		stats = db.Head().Stats(label, limit)
		return nil
	})
	return stats, err
}

// WALReplayStatus returns the progress of the WAL replay.
func (s *store) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return s.stats.Head.WALReplayStatus.GetWALReplayStatus(), nil
}

// BlockMetas lists the blocks.
func (s *store) BlockMetas() (metas []tsdb.BlockMeta, err error) {
	err = s.with(func(db *tsdb.DB) error {
		metas = db.BlockMetas()
		return nil
	})
	return metas, err
}
