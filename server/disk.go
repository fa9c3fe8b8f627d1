package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A diskMonitor watches the file system of the data directory. While less than minFree
// is free, it rejects writes before one can fail halfway: on the next start, a WAL with
// a torn record loses everything that was acknowledged after it. If a write fails
// anyway, the TSDB is reopened, which repairs the WAL, before the next write is
// admitted.
type diskMonitor struct {
	dir      string
	minFree  int64
	free     func(dir string) (int64, error)
	store    *store
	reopen   func() error
	log      *slog.Logger
	interval time.Duration

	walDamaged atomic.Bool // a write failed: the WAL must be repaired
	wake       chan struct{}
}

// repairReserve is the maximum space for a WAL repair, which rewrites one segment.
const repairReserve = 128 << 20

func newDiskMonitor(o Options, s *store, reopen func() error) *diskMonitor {
	return &diskMonitor{
		dir: o.DataDir, minFree: o.MinFree, free: freeBytes, store: s, reopen: reopen,
		log: o.Logger, interval: time.Second, wake: make(chan struct{}, 1),
	}
}

// onCommitError is called after a failed commit.
func (s *diskMonitor) onCommitError(err error) {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, errQuota) {
		return
	}
	s.walDamaged.Store(true)
	s.setFull(err.Error())
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run checks the free space once a second until ctx is done.
func (s *diskMonitor) run(ctx context.Context) {
	tick := time.NewTicker(s.interval)
	defer tick.Stop()
	for {
		s.check()
		select {
		case <-tick.C:
		case <-s.wake:
		case <-ctx.Done():
			return
		}
	}
}

// check compares the free space with the limits once.
func (s *diskMonitor) check() {
	free, err := s.free(s.dir)
	if err != nil {
		return // unknown is not full
	}
	switch full := s.store.full.Load(); {
	case !full && free < s.minFree:
		s.setFull(fmt.Sprintf("%d MiB free, the minimum is %d MiB", free>>20, s.minFree>>20))
	case full && free >= s.resumeAt():
		s.clearFull()
	}
}

// resumeAt is the free space at which writes resume. It is above minFree, to avoid
// flapping.
func (s *diskMonitor) resumeAt() int64 {
	resumeAt := s.minFree + s.minFree/4
	if s.walDamaged.Load() {
		resumeAt += min(repairReserve, lastSegment(s.dir))
	}
	return max(resumeAt, 1)
}

func (s *diskMonitor) setFull(why string) {
	if s.store.full.Swap(true) {
		return
	}
	s.log.Error("the disk is full: no samples are stored; existing ones can be queried; free some space", "folder", s.dir, "reason", why)
}

func (s *diskMonitor) clearFull() {
	if s.walDamaged.Load() {
		if err := s.reopen(); err != nil {
			s.log.Error("there is free space again, but the storage cannot be opened; retrying", "folder", s.dir, "err", err)
			return
		}
		s.walDamaged.Store(false)
	}
	s.store.full.Store(false)
	s.log.Info("there is free space again: storing samples", "folder", s.dir)
}

// Metrics of diskMonitor.
var (
	descFull = prometheus.NewDesc("tacho_server_storage_full", "1 while no samples are stored because the disk is full.", nil, nil)
	descFree = prometheus.NewDesc("tacho_server_storage_free_bytes", "Free bytes of the file system of the data directory.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *diskMonitor) Describe(ch chan<- *prometheus.Desc) { ch <- descFull; ch <- descFree }

// Collect implements prometheus.Collector.
func (s *diskMonitor) Collect(ch chan<- prometheus.Metric) {
	full := 0.0
	if s.store.full.Load() {
		full = 1
	}
	ch <- prometheus.MustNewConstMetric(descFull, prometheus.GaugeValue, full)
	if free, err := s.free(s.dir); err == nil {
		ch <- prometheus.MustNewConstMetric(descFree, prometheus.GaugeValue, float64(free))
	}
}
