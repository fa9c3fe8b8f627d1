package remotewrite

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// A receiver sends the WAL to one receiver.
type receiver struct {
	key, name string // of the savepoint and the metrics
	config    *config.RemoteWriteConfig
	external  labels.Labels
	hash      string // of the configuration
	savepoint *savepoint
	spool     *spool
	log       *slog.Logger
	metrics   *metrics
	client    atomic.Pointer[remote.WriteClient]
	metadata  *remote.MetadataWatcher // nil unless metadata are sent

	sendAfter int64 // samples up to this time were sent in an earlier life
	saved     atomic.Pointer[position]

	notify chan struct{} // something was written
	flush  chan struct{} // closed: send what is there and end
	end    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	// Of the goroutine that runs.
	at       position
	shards   int
	gap      bool // segments were gone, and none was read since
	calm     int  // windows since the receiver was last too slow
	encoders []*encoder
}

// start sends in the background until stop is called.
func (r *receiver) start() {
	if r.metadata != nil {
		r.metadata.Start()
	}
	r.done.Go(r.run)
}

// run repeats follow after errors, from the savepoint.
func (r *receiver) run() {
	for {
		err := r.follow()
		if err == nil || r.end.Err() != nil {
			return
		}
		if errors.Is(err, errGone) {
			r.gap = true
			continue
		}
		r.log.Error("the log cannot be read; trying again", "err", err)
		if !r.sleep(5 * time.Second) {
			return
		}
		r.at = *r.saved.Load()
	}
}

// sleep waits, and reports false if the receiver must end.
func (r *receiver) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.end.Done():
		return false
	}
}

// follow reads and sends window by window. It returns nil once everything is sent after flush
// was closed.
func (r *receiver) follow() error {
	t := &tail{
		spool: r.spool, log: r.log, reader: wlog.NewLiveReaderMetrics(nil), at: r.at, fresh: r.at.offset,
		skipped: func(n int) { r.metrics.skipped.Add(float64(n)) },
	}
	defer t.close()
	l := newReading(r, t)
	if err := l.load(); err != nil {
		return err
	}
	for {
		ended, err := l.fill()
		if err != nil && !errors.Is(err, errGone) {
			return err
		}
		gone := err
		r.logGap(&l.window)
		if err := r.send(&l.window); err != nil {
			return err
		}
		r.save(t.at, l.window.highest)
		if gone != nil {
			return gone
		}
		l.window.reset()
		if ended {
			return nil
		}
	}
}

// logGap logs the time of the first sample after segments that are gone.
func (r *receiver) logGap(w *window) {
	if !r.gap || len(w.entries) == 0 || len(w.entries[0].samples) == 0 {
		return
	}
	r.gap = false
	r.log.Info("sending continues after the samples that were not sent", "from", time.UnixMilli(w.entries[0].samples[0].T).UTC())
}

// save writes the position of what was acknowledged.
func (r *receiver) save(p position, newest int64) {
	old := r.saved.Load()
	p.time = max(old.time, newest)
	r.at = p
	if p == *old {
		return
	}
	if err := r.savepoint.write(p); err != nil {
		r.log.Error("the savepoint cannot be written: after a restart, samples are sent again", "err", err)
	}
	r.saved.Store(&p)
}

// limit is the size of a window.
func (r *receiver) limit() int { return r.shards * r.config.QueueConfig.MaxSamplesPerSend }

// adapt changes the number of shards after a window. It is doubled if the window was full
// before the end of the log was reached, which means that the receiver is slower than the
// log grows, and reduced one by one if that has not happened for a while.
func (r *receiver) adapt(behind bool) {
	q := r.config.QueueConfig
	switch {
	case behind:
		r.shards, r.calm = min(2*r.shards, q.MaxShards), 0
	case r.calm >= 100:
		r.shards, r.calm = max(r.shards-1, q.MinShards), 0
	default:
		r.calm++
	}
	r.metrics.desiredShards.Set(float64(r.shards))
}

// send sends a window and returns when everything is acknowledged or rejected. The error is
// that of the canceled context.
func (r *receiver) send(w *window) error {
	if w.empty() {
		return nil
	}
	size := r.config.QueueConfig.MaxSamplesPerSend
	r.metrics.shards.Set(float64(r.shards))
	lanes := w.lanes(max(1, min(r.config.QueueConfig.MaxShards, (w.n.total()+size-1)/size)), size)
	for len(r.encoders) < len(lanes) {
		r.encoders = append(r.encoders, newEncoder(isV2(r.config)))
	}
	for k, n := range w.n {
		r.metrics.pending[k].Set(float64(n))
	}
	errs := make([]error, len(lanes))
	var all sync.WaitGroup
	for i := range lanes[1:] {
		all.Go(func() { errs[i+1] = r.sendLane(r.encoders[i+1], lanes[i+1]) })
	}
	errs[0] = r.sendLane(r.encoders[0], lanes[0])
	all.Wait()
	for k := range w.n {
		r.metrics.pending[k].Set(0)
	}
	return errors.Join(errs...)
}

func (r *receiver) sendLane(e *encoder, l lane) error {
	for _, pieces := range l.requests {
		if err := r.deliver(e, pieces); err != nil {
			return err
		}
	}
	return nil
}

// backlogSeconds is a metric.
func (r *receiver) backlogSeconds() float64 {
	p := *r.saved.Load()
	if p.time == 0 || r.spool.bytesAfter(p) == 0 {
		return 0
	}
	return max(0, time.Since(time.UnixMilli(p.time)).Seconds())
}

// backlogBytes is a metric.
func (r *receiver) backlogBytes() float64 { return float64(r.spool.bytesAfter(*r.saved.Load())) }

// stop ends the receiver: it sends what is there for at most the deadline.
func (r *receiver) stop(deadline time.Duration) {
	close(r.flush)
	timer := time.AfterFunc(deadline, r.cancel)
	defer timer.Stop()
	if r.metadata != nil {
		r.metadata.Stop()
	}
	r.done.Wait()
	r.cancel()
	if err := r.savepoint.close(); err != nil {
		r.log.Error("the savepoint did not close cleanly", "err", err)
	}
}

// discard undoes newReceiver for a receiver that was not started.
func (r *receiver) discard(reg prometheus.Registerer) {
	r.cancel()
	r.metrics.unregister(reg)
	_ = r.savepoint.close()
}
