package remotewrite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage/remote"
	"go.yaml.in/yaml/v2"
)

// Options configure a [Sender].
type Options struct {
	// DataDir is the directory of the storage, whose WAL is in DataDir/wal.
	DataDir string
	// MaxBacklog is how long segments of the WAL are kept for a receiver that does not accept
	// them.
	MaxBacklog time.Duration
	// FlushDeadline is how long a stopped receiver may take to send the rest.
	FlushDeadline time.Duration
	// Registerer is where the metrics of the receivers are registered.
	Registerer prometheus.Registerer
	// Scraper provides the metadata. Default: none are sent.
	Scraper remote.ReadyScrapeManager
	// Logger is the log. Default slog.Default().
	Logger *slog.Logger
}

// A Sender sends the WAL to all receivers of a configuration. Its methods may be called
// concurrently.
type Sender struct {
	opts  Options
	log   *slog.Logger
	spool *spool

	mu        sync.Mutex
	receivers map[string]*receiver // by the key of their savepoint
	synced    bool                 // the spool was synchronized after the start
	stop      chan struct{}        // ends keep; nil until it runs
	kept      sync.WaitGroup

	running atomic.Pointer[[]*receiver] // for Notify, which must not wait
}

// New returns a Sender without receivers.
func New(o Options) *Sender {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Sender{opts: o, log: o.Logger, spool: newSpool(o.DataDir, o.MaxBacklog, o.Logger), receivers: map[string]*receiver{}}
}

// Notify wakes the receivers: something was written to the WAL. It implements
// wlog.WriteNotified.
func (s *Sender) Notify() {
	running := s.running.Load()
	if running == nil {
		return
	}
	for _, r := range *running {
		select {
		case r.notify <- struct{}{}:
		default:
		}
	}
}

// ApplyConfig starts, changes and stops receivers, after the storage has opened its WAL.
// Unchanged receivers continue. A changed one with the same name, or without a name and with
// the same URL, continues at its position. On an error, nothing is changed.
func (s *Sender) ApplyConfig(c *config.Config) error {
	wanted, err := plan(c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, p := range wanted {
		if running := s.receivers[key]; running != nil && running.hash == p.hash {
			running.client.Store(&p.client) // the files of its secrets may have changed
			p.unchanged = true
		}
	}
	s.stopOthers(wanted)
	return s.startNew(wanted)
}

// A planned receiver is one of a configuration.
type planned struct {
	name, hash string
	config     *config.RemoteWriteConfig
	external   labels.Labels
	client     remote.WriteClient
	unchanged  bool
}

// Check returns the error of ApplyConfig, without applying anything.
func Check(c *config.Config) error {
	_, err := plan(c)
	return err
}

// plan validates the receivers of a configuration and creates their clients.
func plan(c *config.Config) (map[string]*planned, error) {
	all := make(map[string]*planned)
	hashes := make(map[string]bool)
	unnamed := make(map[string]int) // by URL
	for _, rw := range c.RemoteWriteConfigs {
		if rw.Name == "" {
			unnamed[rw.URL.String()]++
		}
	}
	for _, rw := range c.RemoteWriteConfigs {
		p, err := newPlanned(rw, c.GlobalConfig.ExternalLabels)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", rw.URL.Redacted(), err)
		case hashes[p.hash]:
			return nil, fmt.Errorf("%s: duplicate entry: remove one, or set different names", rw.URL.Redacted())
		}
		hashes[p.hash] = true
		key := "name " + rw.Name
		if rw.Name == "" {
			key = "url " + rw.URL.String()
			if unnamed[rw.URL.String()] > 1 {
				key += " " + p.hash
			}
		}
		all[key] = p
	}
	return all, nil
}

func newPlanned(rw *config.RemoteWriteConfig, external labels.Labels) (*planned, error) {
	text, err := yaml.Marshal(rw)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append(text, external.String()...))
	p := &planned{name: rw.Name, hash: hex.EncodeToString(sum[:]), config: rw, external: external}
	if p.name == "" {
		p.name = p.hash[:6]
	}
	p.client, err = newClient(p.name, rw)
	return p, err
}

// stopOthers stops the receivers that are gone or have changed, all at the same time.
func (s *Sender) stopOthers(wanted map[string]*planned) {
	var all sync.WaitGroup
	for key, r := range s.receivers {
		p := wanted[key]
		if p != nil && p.unchanged {
			continue
		}
		deadline := s.opts.FlushDeadline
		if p != nil { // the new one continues where this one stops
			deadline = min(deadline, time.Second)
		}
		delete(s.receivers, key)
		all.Go(func() {
			r.stop(deadline)
			r.metrics.unregister(s.opts.Registerer)
		})
	}
	all.Wait()
}

func (s *Sender) startNew(wanted map[string]*planned) error {
	var started []*receiver
	for key, p := range wanted {
		if p.unchanged {
			continue
		}
		r, err := s.newReceiver(key, p)
		if err != nil {
			for _, r := range started {
				r.discard(s.opts.Registerer)
			}
			return fmt.Errorf("%s: %w", p.config.URL.Redacted(), err)
		}
		started = append(started, r)
	}
	for _, r := range started {
		s.receivers[r.key] = r
	}
	s.synchronize()
	for _, r := range started {
		r.start()
	}
	running := slices.Collect(maps.Values(s.receivers))
	s.running.Store(&running)
	if s.stop == nil && len(s.receivers) > 0 {
		stop := make(chan struct{})
		s.stop = stop
		s.kept.Go(func() { s.keep(stop) })
	}
	return nil
}

// newReceiver opens the savepoint. A receiver without one starts at the end of the WAL.
func (s *Sender) newReceiver(key string, p *planned) (*receiver, error) {
	id := sha256.Sum256([]byte(key))
	file, at, found, err := openSavepoint(filepath.Join(s.opts.DataDir, folder, hex.EncodeToString(id[:8])+".savepoint"))
	damaged := errors.Is(err, errDamaged)
	if err != nil && !damaged {
		return nil, fmt.Errorf("savepoint: %w", err)
	}
	end, cancel := context.WithCancel(context.Background())
	r := &receiver{
		key: key, name: p.name, config: p.config, external: p.external, hash: p.hash, savepoint: file, spool: s.spool,
		log:       s.log.With("remote_name", p.name, "url", p.config.URL.Redacted()),
		sendAfter: math.MinInt64, notify: make(chan struct{}, 1), flush: make(chan struct{}), end: end, cancel: cancel,
		shards: p.config.QueueConfig.MinShards,
	}
	r.client.Store(&p.client)
	switch {
	case damaged:
		at = state{position: s.oldest()}
		r.log.Error("the savepoint is damaged: sending everything that is kept; the receiver may get samples twice", "err", err)
	case !found:
		at = state{position: s.spool.end()}
		at.Time = time.Now().UnixMilli()
	case at.Segment > s.spool.end().Segment:
		r.log.Warn("the savepoint is after the end of the log: sending what is newer than the last sample that was sent", "segment", at.Segment)
		r.sendAfter = at.Time
		at = state{position: position{Segment: s.oldest().Segment, Time: at.Time}}
	}
	r.at, r.window = at.position, at.Window
	r.saved.Store(&at.position)
	if err := file.write(at); err != nil {
		return nil, errors.Join(fmt.Errorf("savepoint: %w", err), file.close())
	}
	r.metrics = newMetrics(p.config, p.name, r.backlogSeconds, r.backlogBytes)
	if err := r.metrics.register(s.opts.Registerer); err != nil {
		return nil, errors.Join(err, file.close())
	}
	if p.config.MetadataConfig.Send && !isV2(p.config) && s.opts.Scraper != nil {
		r.metadata = remote.NewMetadataWatcher(r.log, s.opts.Scraper, p.name, r, p.config.MetadataConfig.SendInterval, s.opts.FlushDeadline)
	}
	return r, nil
}

// oldest returns the beginning of what is kept.
func (s *Sender) oldest() position {
	if all := s.spool.segments(); len(all) > 0 {
		return position{Segment: all[0]}
	}
	return position{}
}

// synchronize keeps the segments that a receiver needs. The first time, it resets the
// positions in segments that the storage has replaced: if it had to repair its WAL, the first
// of them has the same records up to the damage, and the next ones are new.
func (s *Sender) synchronize() {
	if len(s.receivers) == 0 {
		return
	}
	needed := math.MaxInt
	for _, r := range s.receivers {
		needed = min(needed, r.saved.Load().Segment)
	}
	replaced := s.spool.sync(needed, time.Now())
	if s.synced || len(replaced) == 0 {
		s.synced = true
		return
	}
	s.synced = true
	for _, r := range s.receivers {
		if at := *r.saved.Load(); at.Segment > replaced[0] && slices.Contains(replaced, at.Segment) {
			r.window = nil
			r.save(position{Segment: at.Segment}, 0)
		}
	}
}

// keep synchronizes once a second.
func (s *Sender) keep(stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		s.mu.Lock()
		s.synchronize()
		s.mu.Unlock()
	}
}

// A Status describes a receiver.
type Status struct {
	Name, URL string        // as in the metrics
	Backlog   time.Duration // age of the newest acknowledged sample; 0 if nothing is missing
	Bytes     int64         // of the log that is not acknowledged
}

// Status describes all receivers, by name.
func (s *Sender) Status() []Status {
	var all []Status
	if running := s.running.Load(); running != nil {
		for _, r := range *running {
			all = append(all, Status{r.name, r.config.URL.Redacted(), time.Duration(r.backlogSeconds() * float64(time.Second)), int64(r.backlogBytes())})
		}
	}
	slices.SortFunc(all, func(a, b Status) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Close stops all receivers. They send the rest of the WAL for at most FlushDeadline; what is
// not sent then is sent after the next start.
func (s *Sender) Close() error {
	s.mu.Lock()
	if s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
	s.synchronize()
	s.mu.Unlock()
	s.kept.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running.Store(nil)
	s.stopOthers(nil)
	return nil
}
