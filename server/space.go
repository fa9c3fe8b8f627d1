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

// A space watches the file system that the samples live on. While there is
// less than minFree it turns writers away, before a write can fail in the
// middle: a log with a torn record loses, at the next start, everything that
// was acknowledged after it. Did a write fail nevertheless, the TSDB is opened
// anew, which mends the log, before the next write is let in.
type space struct {
	dir     string
	minFree int64
	free    func(dir string) (int64, error)
	store   *store
	reopen  func() error
	log     *slog.Logger
	every   time.Duration

	torn atomic.Bool // a write failed: the log must be mended
	poke chan struct{}
}

// spareForRepair is what mending the log may need at most: it rewrites one
// segment.
const spareForRepair = 128 << 20

func newSpace(o Options, s *store, reopen func() error) *space {
	return &space{
		dir: o.DataDir, minFree: o.MinFree, free: freeBytes, store: s, reopen: reopen,
		log: o.Logger, every: time.Second, poke: make(chan struct{}, 1),
	}
}

// failed hears of commits that failed.
func (s *space) failed(err error) {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, errNoQuota) {
		return
	}
	s.torn.Store(true)
	s.enter(err.Error())
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// run looks once a second until ctx ends.
func (s *space) run(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		s.look()
		select {
		case <-tick.C:
		case <-s.poke:
		case <-ctx.Done():
			return
		}
	}
}

// look compares the free space with what is needed, once.
func (s *space) look() {
	free, err := s.free(s.dir)
	if err != nil {
		return // unknown is not full
	}
	switch full := s.store.full.Load(); {
	case !full && free < s.minFree:
		s.enter(fmt.Sprintf("%d MiB free, %d MiB are kept free", free>>20, s.minFree>>20))
	case full && free >= s.needed():
		s.leave()
	}
}

// needed is the free space with which writing begins again. It is more than
// that at which writing ends, so that the two do not alternate.
func (s *space) needed() int64 {
	needed := s.minFree + s.minFree/4
	if s.torn.Load() {
		needed += min(spareForRepair, lastSegment(s.dir))
	}
	return max(needed, 1)
}

func (s *space) enter(why string) {
	if s.store.full.Swap(true) {
		return
	}
	s.log.Error("the disk is full: nothing is stored any more, what is there can be queried; free some space", "folder", s.dir, "reason", why)
}

func (s *space) leave() {
	if s.torn.Load() {
		if err := s.reopen(); err != nil {
			s.log.Error("there is space again, but the storage cannot be opened; trying again", "folder", s.dir, "err", err)
			return
		}
		s.torn.Store(false)
	}
	s.store.full.Store(false)
	s.log.Info("there is space again: storing", "folder", s.dir)
}

// Describe and Collect make space a collector of what it knows.
var (
	descFull = prometheus.NewDesc("tacho_server_storage_full", "1 while nothing is stored because the disk is full.", nil, nil)
	descFree = prometheus.NewDesc("tacho_server_storage_free_bytes", "Free bytes of the file system of the data folder.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *space) Describe(ch chan<- *prometheus.Desc) { ch <- descFull; ch <- descFree }

// Collect implements prometheus.Collector.
func (s *space) Collect(ch chan<- prometheus.Metric) {
	full := 0.0
	if s.store.full.Load() {
		full = 1
	}
	ch <- prometheus.MustNewConstMetric(descFull, prometheus.GaugeValue, full)
	if free, err := s.free(s.dir); err == nil {
		ch <- prometheus.MustNewConstMetric(descFree, prometheus.GaugeValue, float64(free))
	}
}
