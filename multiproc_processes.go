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

// Where a service has several processes (Options.Multiproc), each counts in cells
// of a file that all can read. Requests are recorded as always: only the memory is
// another. A scrape adds the cells of all processes up in a second core, from which
// it is then written as it always is.

// processes are the siblings of a process, and itself.
type processes struct {
	own       *core
	cells     *multiproc.Cells
	reader    *multiproc.Reader
	publisher *multiproc.Publisher
	gatherer  prometheus.Gatherer // of this process's other metrics
	mark      mark                // of this Meter's families; nil where the registry is its own
	wrapping  atomic.Pointer[wrapping]
	warned    sync.Once // that Python's client writes into the directory as well
	compacts  bool
	single    bool              // they are one process that is looked at
	given     []*multiproc.Cell // what is there, where it was read already

	publishing sync.Mutex // held while this process's metrics are gathered and written

	mu     sync.Mutex
	whole  *core        // what all have counted
	merger store.Merger // into it

	collected atomic.Bool // by gather, from this process, so that it reads the others' files

	once  sync.Once
	stop  chan struct{} // closed by Shutdown
	ended chan struct{} // closed when nothing is published or compacted any more
}

// join shares this core's cells with the service's other processes, if there
// may be any. Nobody records yet.
func (m *Meter) join() error {
	if m.core.ready.Load() {
		return nil // it is another Meter's core
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
		return m.core.stayOut(err)
	}
	m.core.reportFolder(cells.Dir())
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
	s.whole = wholeOf(m.core)
	if strings.HasPrefix(filepath.Base(o.Dir), preforkPrefix) {
		sweepPrefork()
	}
	s.writeRecipe(m.core.opts)
	m.core.siblings = s
	m.core.ready.Store(true) // before the first publishing, which collects it
	go s.run()
	return nil
}

// stayOut lets a process count for itself alone where the directory is another service's,
// or the environment names one that cannot be used: it may be meant for Python's client, and
// is no reason not to start. One that Options name must be right.
func (c *core) stayOut(why error) error {
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

// reportFolder says where counts are, if that is not where they were to be.
func (c *core) reportFolder(dir string) {
	below, _ := filepath.Rel(c.opts.Multiproc.Dir, dir)
	if first, _, _ := strings.Cut(below, string(filepath.Separator)); first == multiproc.GoSubdir {
		c.logger().Info("tacho: Python's client writes into the folder of the counts; this service counts in one below it, "+
			"and its endpoint shows nothing of Python's", "folder", dir)
	}
}

// unshared says that some counts cannot be written, and why.
func (c *core) unshared(why error) {
	c.logger().Error("tacho: "+unsharedBecause(why)+": counts are in this process's own memory, "+
		"and only its own endpoint shows them; tacho_multiproc_private_cells and tacho_multiproc_unwritten_samples say how many",
		"folder", c.opts.Multiproc.Dir, "reason", why)
}

// unsharedBecause names an error of the directory, and what to do about it.
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

// wholeOf is a core that counts nothing itself.
func wholeOf(own *core) *core {
	config := own.opts.storeConfig()
	config.Merged = true
	return &core{opts: own.opts, whole: own, families: own.families, store: store.New(config)}
}

// look implements siblings.
func (s *processes) look(f func(shown *core)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given != nil {
		s.merge(s.given)
	} else {
		s.reader.Cells(s.merge)
	}
	f(s.whole)
}

// reading implements siblings.
func (s *processes) reading() bool { return s.collected.Load() }

// ownMark implements siblings.
func (s *processes) ownMark() mark { return s.mark }

// merge adds up what all cells hold.
func (s *processes) merge(cells []*multiproc.Cell) {
	s.merger.Into = s.whole.store
	s.merger.Merge(cells)
	if s.own.opts.TraceFunc != nil {
		s.merger.AdoptExemplars(s.own.store)
	}
}

// gather returns the other metrics of all processes: this one's as they are now,
// those of others as they were a second ago at most.
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
	all = append(s.besides(all, here), here.alone...)
	expo.Sort(all)
	return all, err
}

// besides are what the reader gives besides a Meter's families, which may be among the
// files of a process that had them for metrics of its own. What the reader gives in the
// place of this process's metrics gets their names and labels.
func (s *processes) besides(read []*dto.MetricFamily, here gatheredHere) (all []*dto.MetricFamily) {
	alone := map[string]bool{}
	for _, f := range here.alone {
		alone[f.GetName()] = true
	}
	for _, f := range read {
		name := f.GetName()
		switch stands := here.given[name]; {
		case stands != nil:
			for _, of := range stands {
				all = append(all, renamed(f, of))
			}
		case !alone[name] && (s.mark != nil && !s.single || !s.shows(name)):
			all = append(all, f)
		}
	}
	return all
}

// shows reports whether one of this Meter's families has the name, as it is exported
// where nobody else collects it.
func (s *processes) shows(name string) bool { return s.whole.families.Has(name) }

// renamed is a family of one sample under the name and the labels of another one.
func renamed(f, as *dto.MetricFamily) *dto.MetricFamily {
	out := &dto.MetricFamily{Name: as.Name, Help: f.Help, Type: f.Type}
	for _, m := range as.Metric {
		for _, value := range f.Metric {
			out.Metric = append(out.Metric, &dto.Metric{Label: m.Label, Counter: value.Counter, Gauge: value.Gauge})
		}
	}
	return out
}

// worker is a core that shows what one process has counted, or nil and the numbers
// of those that there are.
func (s *processes) worker(pid string) (alone *core, living []string) {
	reader, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: s.cells.Dir(), Worker: pid, UTF8Names: true})
	if err != nil {
		return nil, nil
	}
	s.reader.Cells(func([]*multiproc.Cell) {}) // who is there now
	if living = s.reader.Workers(); !slices.Contains(living, pid) {
		return nil, living
	}
	alone = wholeOf(s.own)
	if w := s.wrapping.Load(); w != nil && !w.none() {
		alone.opts.wrapped = *w
		alone.families = scan.New(alone.opts.familiesConfig())
	}
	alone.siblings = &processes{own: s.own, reader: reader, mark: s.mark, whole: alone, single: true}
	return alone, living
}

// publish writes this process's other metrics where the others find them, and
// returns those that are not: what is not a process's, and what Meters have put into
// a registry of the user's, where it is the sum of all processes already.
func (s *processes) publish() (here gatheredHere, err error) {
	defer func() {
		if v := recover(); v != nil { // a function of the user's, in a registry of the user's
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	s.publishing.Lock() // what was gathered first would look like counters that began anew
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

// restore makes the files again that somebody has removed, and says so.
func (s *processes) restore() {
	if files, _ := s.publisher.Restore(); files > 0 { // FailedFunc is told of errors
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

// learn finds out what the registry adds to names and labels, and lets those know who
// read the directory only.
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
		s.writeRecipe(opts)
		return w
	}
	return known
}

const (
	publishEvery = time.Second
	compactEvery = 10 // times as long
)

// run publishes and compacts until the end.
func (s *processes) run() {
	defer close(s.ended)
	tick := time.NewTicker(publishEvery)
	defer tick.Stop()
	var last error
	for n := 0; ; n++ {
		_, _ = s.publish() // a scrape says what is wrong
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

// compact folds what dead processes have left. What goes wrong is logged when it
// begins to.
func (s *processes) compact(last error) error {
	_, err := s.reader.Compact()
	if errors.Is(err, multiproc.ErrBusy) { // another process does it, or a reader asks to wait
		return last
	}
	if err != nil && (last == nil || last.Error() != err.Error()) {
		s.own.logger().Warn("tacho: the files of processes that are gone stay where they are", "folder", s.cells.Dir(), "reason", err)
	}
	return err
}

// leave writes the last numbers, takes away what speaks of this process, and lets its
// file go.
func (s *processes) leave() {
	s.once.Do(func() {
		close(s.stop)
		<-s.ended
		_, _ = s.publish()
		s.publisher.Close()
		_ = s.cells.Close()
	})
}
