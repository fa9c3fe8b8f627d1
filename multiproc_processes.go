package tacho

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/multiproc"
)

// If a service has several processes (Options.Multiproc), each counts in cells of a file that all
// can read. Requests are recorded as usual; only the storage differs. A scrape adds the cells of
// all processes to a second, merged state and exports that as usual.

// processes are the processes of a service, including this one.
type processes struct {
	own       *core
	cells     *multiproc.Cells
	reader    *multiproc.Reader
	publisher *multiproc.Publisher
	gatherer  prometheus.Gatherer // of this process's other metrics
	mark      mark                // of this Meter's families; nil where the registry is its own
	wrapping  atomic.Pointer[wrapping]
	warned    sync.Once // Python's client also writes to the directory
	compacts  bool
	single    bool              // only one process is shown
	given     []*multiproc.Cell // the cells, if they have already been read

	publishing sync.Mutex // held while this process's metrics are gathered and written

	mu     sync.Mutex
	merged *core        // the totals of all processes
	merger store.Merger // adds cells to merged

	collected atomic.Bool // by gather, from this process: it reads the others' files

	once  sync.Once
	stop  chan struct{} // closed by Shutdown
	ended chan struct{} // closed after the last publishing and compaction
}

// join shares this state's cells with the service's other processes, if Multiproc is configured.
// Nothing records yet.
func (m *Meter) join() error {
	if m.core.ready.Load() {
		return nil // another Meter's state
	}
	defer m.core.ready.Store(true)
	o := m.core.opts.Multiproc
	if o.dir() == "" {
		return nil
	}
	if err := o.checkPrefork(); err != nil {
		return joinError(o.Dir, err)
	}
	cells, err := multiproc.OpenCells(multiproc.CellsOptions{Dir: o.Dir, Service: o.Service, FailedFunc: m.core.unshared})
	if err != nil {
		return m.core.countAlone(err)
	}
	m.core.reportDir(cells.Dir())
	publisher := multiproc.NewPublisher(cells, o.GaugeModes)
	reader, err := multiproc.NewReader(multiproc.ReaderOptions{
		Dir: cells.Dir(), Own: cells, Publisher: publisher, Processes: !m.opts.OmitRuntime, UTF8Names: true,
	})
	if err != nil {
		return joinError(o.Dir, err)
	}
	s := &processes{
		own: m.core, cells: cells, reader: reader, publisher: publisher,
		gatherer: m.opts.Gatherer, compacts: !o.NoCompaction, stop: make(chan struct{}), ended: make(chan struct{}),
	}
	if own, ok := m.opts.Gatherer.(*ownRegistry); ok {
		s.gatherer = own.Registry
	} else {
		s.mark = newMark()
	}
	m.core.store.Share(cells)
	s.merged = mergedState(m.core)
	if strings.HasPrefix(filepath.Base(o.Dir), preforkPrefix) {
		sweepPrefork()
	}
	s.writeConfig(m.core.opts)
	m.core.siblings = s
	m.core.ready.Store(true) // before the first publishing, which collects it
	go s.run()
	return nil
}

// countAlone makes a process count on its own if the directory belongs to another service, or if
// the environment names an unusable one: it may be meant for Python's client and is no reason not
// to start. A directory in Options must be usable.
func (c *core) countAlone(why error) error {
	o := c.opts.Multiproc
	_, other := errors.AsType[*multiproc.OtherServiceError](why)
	if !other && !o.inherited {
		return joinError(o.Dir, why)
	}
	c.logger().Warn("tacho: this process counts for itself alone, and its endpoint shows nothing of other processes. "+
		"Give this service a folder of its own by Options.Multiproc.Dir or PROMETHEUS_MULTIPROC_DIR, a name by Options.Multiproc.Service "+
		"if it is the folder's, or set Options.Multiproc.Off", "folder", o.Dir, "reason", why)
	return nil
}

// reportDir logs where counts are, if that differs from the configured directory.
func (c *core) reportDir(dir string) {
	below, _ := filepath.Rel(c.opts.Multiproc.Dir, dir)
	if first, _, _ := strings.Cut(below, string(filepath.Separator)); first == multiproc.GoSubdir {
		c.logger().Info("tacho: Python's client writes into the folder of the counts; this service counts in one below it, "+
			"and its endpoint shows nothing of Python's", "folder", dir)
	}
}

// unshared logs that some counts cannot be written, and why.
func (c *core) unshared(why error) {
	c.logger().Error("tacho: "+unsharedBecause(why)+": counts are in this process's own memory, "+
		"and only its own endpoint shows them; tacho_multiproc_private_cells and tacho_multiproc_unwritten_samples say how many",
		"folder", c.opts.Multiproc.Dir, "reason", why)
}

// unsharedBecause returns the cause of a directory's error, and the fix.
func unsharedBecause(why error) string {
	switch {
	case multiproc.IsFull(why):
		return "there is no space for counts that other processes can see"
	case errors.Is(why, fs.ErrNotExist):
		return "the folder of the counts was removed and cannot be made again; make it, and keep cleaners out of it"
	case errors.Is(why, fs.ErrPermission):
		return "this process may not write into the folder of the counts; give it to the service's user"
	case multiproc.IsReadOnly(why):
		return "the folder of the counts is on a read-only file system"
	}
	return "counts that other processes can see cannot be written"
}

// mergedState returns a state that records nothing itself.
func mergedState(local *core) *core {
	config := local.opts.storeConfig()
	config.Merged = true
	return &core{opts: local.opts, local: local, families: local.families, store: store.New(config)}
}

// view implements siblings.
func (s *processes) view(f func(shlocal *core)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given != nil {
		s.merge(s.given)
	} else {
		s.reader.Cells(s.merge)
	}
	f(s.merged)
}

// readsFiles implements siblings.
func (s *processes) readsFiles() bool { return s.collected.Load() }

// ownMark implements siblings.
func (s *processes) ownMark() mark { return s.mark }

// merge adds all cells to the merged state.
func (s *processes) merge(cells []*multiproc.Cell) {
	s.merger.Into = s.merged.store
	s.merger.Merge(cells)
	if s.own.opts.TraceFunc != nil {
		s.merger.AdoptExemplars(s.own.store)
	}
}

// gather returns the other metrics of all processes: the present values of this one, and values of
// others that are at most a second old.
func (s *processes) gather() ([]*dto.MetricFamily, error) {
	var here gatheredHere
	var err error
	s.collected.Store(false)
	if !s.single {
		here, err = s.publish()
	}
	s.collected.Store(true)
	all, readErr := s.reader.Gather()
	if err == nil {
		err = readErr
	}
	all = append(s.others(all, here), here.alone...)
	expo.Sort(all)
	return all, err
}

// others returns the reader's families except a Meter's own, which may be in the files of a process
// that used their names. Families that the reader provides instead of this process's get the names
// and labels of these.
func (s *processes) others(read []*dto.MetricFamily, here gatheredHere) (all []*dto.MetricFamily) {
	alone := map[string]bool{}
	for _, f := range here.alone {
		alone[f.GetName()] = true
	}
	for _, f := range read {
		name := f.GetName()
		switch given := here.given[name]; {
		case given != nil:
			for _, of := range given {
				all = append(all, renamed(f, of))
			}
		case !alone[name] && (s.mark != nil && !s.single || !s.shows(name)):
			all = append(all, f)
		}
	}
	return all
}

// shows reports whether one of this Meter's families has this name, as exported without a wrapper.
func (s *processes) shows(name string) bool { return s.merged.families.Has(name) }

// renamed returns a family of one sample with the name and the labels of another one.
func renamed(f, as *dto.MetricFamily) *dto.MetricFamily {
	out := &dto.MetricFamily{Name: as.Name, Help: f.Help, Type: f.Type}
	for _, m := range as.Metric {
		for _, value := range f.Metric {
			out.Metric = append(out.Metric, &dto.Metric{Label: m.Label, Counter: value.Counter, Gauge: value.Gauge})
		}
	}
	return out
}

// worker returns a state that shows one process, or nil and the PIDs of the living processes.
func (s *processes) worker(pid string) (alone *core, living []string) {
	reader, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: s.cells.Dir(), Worker: pid, UTF8Names: true})
	if err != nil {
		return nil, nil
	}
	s.reader.Cells(func([]*multiproc.Cell) {}) // updates Workers
	if living = s.reader.Workers(); !slices.Contains(living, pid) {
		return nil, living
	}
	alone = mergedState(s.own)
	if w := s.wrapping.Load(); w != nil && !w.none() {
		alone.opts.wrapped = *w
		alone.families = scan.New(alone.opts.familiesConfig())
	}
	alone.siblings = &processes{own: s.own, reader: reader, mark: s.mark, merged: alone, single: true}
	return alone, living
}

// publish writes this process's other metrics for the other processes. It returns those that were
// not written: metrics that do not belong to a process, and those of Meters in a user's registry,
// which are already the sums of all processes.
func (s *processes) publish() (here gatheredHere, err error) {
	defer func() {
		if v := recover(); v != nil { // in a user's function or registry
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	s.publishing.Lock() // writing an older gathering last would look like a counter reset
	defer s.publishing.Unlock()
	s.restore()
	families, err := s.gatherer.Gather()
	w := s.learn(families)
	here.given = map[string][]*dto.MetricFamily{}
	shared := families[:0:0]
	for _, f := range families {
		switch name := w.bare(f.GetName()); {
		case s.reader.Provides(name):
			here.given[name] = append(here.given[name], f)
		case isShared(f), strings.HasPrefix(name, "process_network_"): // the latter is the network namespace's
			here.alone = append(here.alone, f)
		default:
			shared = append(shared, f)
		}
	}
	s.publisher.Publish(shared)
	return here, err
}

// restore creates removed files again, and logs a warning.
func (s *processes) restore() {
	if files, _ := s.publisher.Restore(); files > 0 { // FailedFunc gets errors
		s.own.logger().Warn("tacho: files of this service's counts were removed while it runs; they are made again with all that this process has counted. "+
			"Keep whatever cleans up away from the folder", "folder", s.cells.Dir(), "files", files)
	}
	if s.publisher.SharesDirWithPython() {
		s.warned.Do(func() {
			s.own.logger().Warn("tacho: Python's client writes into the folder of this service's counts: each of the two exports the other's metrics as well. "+
				"Give each a folder of its own", "folder", s.cells.Dir())
		})
	}
}

// learn determines what the registry adds to names and labels, and shares it with readers of the
// directory.
func (s *processes) learn(families []*dto.MetricFamily) wrapping {
	var known wrapping
	if p := s.wrapping.Load(); p != nil {
		known = *p
	}
	if s.mark == nil {
		return known
	}
	if w, ok := s.mark.learnWrapping(families, s.own.opts.ConstLabels); ok && !w.equal(known) {
		s.wrapping.Store(&w)
		opts := s.own.opts
		opts.wrapped = w
		s.writeConfig(opts)
		return w
	}
	return known
}

const (
	publishEvery = time.Second
	compactEvery = 10 // times publishEvery
)

// run publishes and compacts until the end.
func (s *processes) run() {
	defer close(s.ended)
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	var last error
	for n := 0; ; n++ {
		_, _ = s.publish() // a scrape reports the error
		if s.compacts && n%compactEvery == 0 {
			last = s.compact(last)
		}
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
	}
}

// compact merges the files of dead processes. It logs an error when it first occurs.
func (s *processes) compact(last error) error {
	_, err := s.reader.Compact()
	if errors.Is(err, multiproc.ErrBusy) { // another process compacts, or a reader is active
		return last
	}
	if err != nil && (last == nil || last.Error() != err.Error()) {
		s.own.logger().Warn("tacho: the files of processes that are gone stay where they are", "folder", s.cells.Dir(), "reason", err)
	}
	return err
}

// leave writes the last values, removes this process's current-state gauges, and releases its file.
func (s *processes) leave() {
	s.once.Do(func() {
		close(s.stop)
		<-s.ended
		_, _ = s.publish()
		s.publisher.Close()
		_ = s.cells.Close()
	})
}
