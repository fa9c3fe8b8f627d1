package remotewrite

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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
	saving    sync.Mutex // of the savepoint

	notify chan struct{} // something was written
	flush  chan struct{} // closed: send what is there and end
	end    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	// Of the goroutine that runs.
	at       position
	window   *inFlight // after a restart, the window to send first
	shards   int
	gap      bool // segments were gone, and none was read since
	calm     int  // windows since shards was last too small or changed
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
		spool: r.spool, log: r.log, reader: wlog.NewLiveReaderMetrics(nil), at: r.at, fresh: r.at.Offset,
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
		if err := r.send(&l.window, t.at, l.notBefore); err != nil {
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
	p.Time = max(old.Time, newest)
	r.at = p
	if p == *old {
		return
	}
	r.write(func() state { return state{position: p} })
	r.saved.Store(&p)
}

// write writes the state that current returns while nothing else is written.
func (r *receiver) write(current func() state) {
	r.saving.Lock()
	defer r.saving.Unlock()
	if err := r.savepoint.write(current()); err != nil {
		r.log.Error("the savepoint cannot be written: after a restart, samples are sent again", "err", err)
	}
}

// limit is the size of a window.
func (r *receiver) limit() int { return r.shards * r.config.QueueConfig.MaxSamplesPerSend }

// adapt changes the number of shards after a window. It is doubled if the window was full
// before the end of the log was reached, and is older than batch_send_deadline: the receiver
// takes samples more slowly than the log grows. A younger window only shows that the sender
// has paused; what it has not read takes no memory. The number is reduced by a quarter if it
// was sufficient for a while, because each request in flight takes memory.
func (r *receiver) adapt(full bool, newest int64) {
	q := r.config.QueueConfig
	switch {
	case full && time.Since(time.UnixMilli(newest)) > time.Duration(q.BatchSendDeadline):
		r.shards, r.calm = min(2*r.shards, q.MaxShards), 0
	case r.calm >= calmWindows && r.shards > q.MinShards:
		r.shards, r.calm = max(r.shards-max(1, r.shards/4), q.MinShards), 0
		r.encoders = slices.Clone(r.encoders[:min(len(r.encoders), r.shards)])
	default:
		r.calm++
	}
	r.metrics.desiredShards.Set(float64(r.shards))
}

const calmWindows = 10

// send sends a window that ends at a position, and returns when everything is acknowledged or
// rejected. The error is that of the canceled context.
func (r *receiver) send(w *window, end position, notBefore int64) error {
	again := r.window
	r.window = nil
	if w.empty() {
		return nil
	}
	size := r.config.QueueConfig.MaxSamplesPerSend
	now := &inFlight{End: end, Lanes: max(1, min(r.config.QueueConfig.MaxShards, (w.n.total()+size-1)/size)), Size: size, ByHash: w.newSeries, NotBefore: notBefore}
	if again != nil {
		now.Lanes, now.Size, now.ByHash, now.Sent = again.Lanes, again.Size, again.ByHash, again.Sent
	}
	lanes := w.lanes(now.Lanes, now.Size, now.ByHash)
	if len(now.Sent) != len(lanes) {
		now.Sent = make([]int, len(lanes))
	}
	r.write(func() state { return state{*r.saved.Load(), now} })
	for len(r.encoders) < len(lanes) {
		r.encoders = append(r.encoders, newEncoder(isV2(r.config)))
	}
	r.metrics.shards.Set(float64(len(lanes)))
	r.setPending(w.n)
	defer r.setPending(counts{})
	errs := make([]error, len(lanes))
	var all sync.WaitGroup
	for i := range lanes[1:] {
		all.Go(func() { errs[i+1] = r.sendLane(i+1, lanes[i+1], now, again != nil) })
	}
	errs[0] = r.sendLane(0, lanes[0], now, again != nil)
	all.Wait()
	return errors.Join(errs...)
}

// sendLane sends the requests of a lane that were not sent before a restart, and notes each in
// the savepoint. The first one after a restart may have arrived already.
func (r *receiver) sendLane(i int, l lane, now *inFlight, again bool) error {
	for n, pieces := range l.requests {
		if n < now.Sent[i] {
			continue
		}
		if err := r.deliver(r.encoders[i], pieces, now.NotBefore, again); err != nil {
			return err
		}
		again = false
		if len(l.requests) > 1 || len(now.Sent) > 1 { // otherwise, the window ends here
			r.write(func() state {
				now.Sent[i]++
				return state{*r.saved.Load(), now}
			})
		}
	}
	return nil
}

func (r *receiver) setPending(n counts) {
	for k := range n {
		r.metrics.pending[k].Set(float64(n[k]))
	}
}

// backlogSeconds is a metric.
func (r *receiver) backlogSeconds() float64 {
	p := *r.saved.Load()
	if p.Time == 0 || r.spool.bytesAfter(p) == 0 {
		return 0
	}
	return max(0, time.Since(time.UnixMilli(p.Time)).Seconds())
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
