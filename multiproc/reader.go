package multiproc

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// ReaderOptions configure a [Reader].
type ReaderOptions struct {
	// Dir is the directory, that of PROMETHEUS_MULTIPROC_DIR. It need not exist
	// yet.
	Dir string

	// SeriesLimit bounds the series of the merged view; what comes on top is
	// left out and counted as damage. 0 stands for 1,000,000.
	SeriesLimit int

	// Processes adds what the living workers use, as process_* of all together
	// and tacho_multiproc_worker_* of each, on Linux. Of workers whose processes
	// cannot be seen there is nothing, and then no process_* of all either.
	Processes bool

	// ConstLabels are added to every metric, to tell directories apart.
	ConstLabels map[string]string

	// Worker is the number of a process whose files alone are read.
	Worker string

	// UTF8Names keeps names as they are if they are valid UTF-8. Otherwise what
	// the older text format cannot hold gets underscores, as with Python's client.
	UTF8Names bool

	// Own are this process's own cells, which are read from memory, and Publisher
	// has what it could not write.
	Own       *Cells
	Publisher *Publisher
}

const defaultSeriesLimit = 1_000_000

// A Reader adds up what the processes of a service have written into a
// directory. It is a prometheus.Gatherer. Gathering takes place under a lock, and
// never fails because of a file: what cannot be read is counted in
// tacho_multiproc_damaged.
//
// A Reader remembers what it has read. Counters, histograms and summaries of a
// file that vanishes, shrinks or breaks keep counting with their last values, so
// that no total ever falls while the Reader lives.
type Reader struct {
	opts   ReaderOptions
	consts []label

	mu     sync.Mutex
	merged *merged
	files  map[string]*file
	buffer buffer
	own    []sample // of gauges of which each file has its own
	report report

	sight     *sight
	written   []written // by workers of Python's client, in this scan
	processes processes
	folded    fileCount         // by Compact
	restored  fileCount         // of archives that were removed, by Compact
	keeper    *keeper           // of the archives; the Publisher's if there is one
	step      func()            // see compactor
	overtaken bool              // by a compactor, in this scan
	archives  map[string]uint64 // their generations, in the last scan
	absent    absent
}

// A sample is a series that only one file has.
type sample struct {
	family *family
	labels []*dto.LabelPair
	value  float64
}

// NewReader makes a Reader. It opens nothing yet.
func NewReader(o ReaderOptions) (*Reader, error) {
	if o.Dir == "" {
		return nil, errors.New("multiproc: ReaderOptions.Dir is missing: name the directory of PROMETHEUS_MULTIPROC_DIR")
	}
	if o.SeriesLimit < 0 {
		return nil, fmt.Errorf("multiproc: ReaderOptions.SeriesLimit: %d is negative", o.SeriesLimit)
	}
	if info, err := os.Stat(o.Dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("multiproc: ReaderOptions.Dir: %s is not a directory", o.Dir)
	}
	if err := checkConsts(o.ConstLabels); err != nil {
		return nil, err
	}
	consts := labelsOf(o.ConstLabels)
	r := &Reader{opts: o, consts: consts, files: map[string]*file{}, archives: map[string]uint64{}, sight: newSight(), absent: absent{}}
	r.folded.key, r.restored.key = foldedKey, restoredKey
	if r.keeper = newKeeper(o.Dir); o.Publisher != nil {
		r.keeper = o.Publisher.keeper
	}
	r.processes.usageOf, r.processes.noCPU = usageOf, o.Own != nil
	r.merged = newMerged(cmp.Or(o.SeriesLimit, defaultSeriesLimit))
	r.merged.utf8, r.merged.consts = o.UTF8Names, consts
	return r, nil
}

func checkConsts(labels map[string]string) error {
	for name := range labels {
		if escapeName(name) != name || name == "" || name == "le" || name == "pid" {
			return fmt.Errorf("multiproc: ReaderOptions.ConstLabels: %q is not a label name, or one that is taken", name)
		}
	}
	return nil
}

// ConstLabels returns the labels that are added to every metric.
func (r *Reader) ConstLabels() map[string]string { return maps.Clone(r.opts.ConstLabels) }

// Dir returns the directory.
func (r *Reader) Dir() string { return r.opts.Dir }

var _ prometheus.Gatherer = (*Reader)(nil)

// Gather implements prometheus.Gatherer: the merged metrics, and those about the
// directory itself, sorted by name.
func (r *Reader) Gather() ([]*dto.MetricFamily, error) {
	return r.GatherWith(func([]*Cell) []*dto.MetricFamily { return nil })
}

// GatherWith is Gather, and adds the families that f makes of all cells, as [Reader.Cells]
// has them: of one reading of the directory. They get the constant labels, too. Those that
// Prometheus cannot hold are left out and counted as damage.
func (r *Reader) GatherWith(f func([]*Cell) []*dto.MetricFamily) ([]*dto.MetricFamily, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scan(all)
	r.report.folded, r.report.restored = r.folded.total(r.merged), r.restored.total(r.merged)
	r.judge()
	return r.output(f(r.merged.cellList)), nil
}

// judge finds out which workers are alive.
func (r *Reader) judge() {
	r.sight.judge(r.written, false)
	r.report.workers = cohort{}
	for _, w := range r.written {
		r.report.workers.add(w)
	}
	for id, alive := range r.report.ours {
		r.report.workers.addOurs(id, alive)
	}
}

// scan reads the whole directory. Where a compactor is at work meanwhile, it
// begins again: what it has read of an archive lacks what has gone into it since.
// A compactor that does not stop is kept away in the end.
func (r *Reader) scan(which scope) {
	for range freeScans {
		if r.scanOnce(which) {
			return
		}
	}
	unlock := shareDir(r.opts.Dir)
	defer unlock()
	r.scanOnce(which)
}

// A scope is which files a scan reads.
type scope int

const (
	all scope = iota
	cellsOnly
)

func (s scope) has(name string) bool {
	plain, _, _ := cutFolding(name)
	return strings.HasSuffix(plain, cellsSuffix) || s == all && strings.HasSuffix(plain, ".db")
}

// kinds are those of the archives in the scope.
func (s scope) kinds() []kind {
	if s == cellsOnly {
		return []kind{cellsKind}
	}
	return archivedKinds
}

const freeScans = 3

// scanOnce reads the directory and reports whether that was consistent.
func (r *Reader) scanOnce(which scope) bool {
	r.merged.begin()
	r.own, r.written = r.own[:0], r.written[:0]
	r.report = report{dir: r.opts.Dir, ours: map[string]bool{}, damaged: map[Reason]int{}}
	r.addOwn()
	r.overtaken = false
	before := archives(r.opts.Dir, which.kinds()) // first: what comes later is noticed
	listed, err := os.ReadDir(r.opts.Dir)
	if err != nil {
		r.lost(err)
		return true
	}
	// Only where a compactor has been at work does it matter what archives hold.
	done := sync.OnceValue(func() contents { return readContents(r.opts.Dir, r.archives) })
	seen := make(map[string]bool, len(listed))
	for _, e := range listed {
		if name := e.Name(); which.has(name) && r.scanFile(e, done) {
			seen[name] = true
		}
	}
	if r.overtaken || r.missed(listed) || !maps.Equal(before, archives(r.opts.Dir, which.kinds())) {
		return false
	}
	for name, f := range r.files {
		if seen[name] || !which.has(name) {
			continue
		}
		switch {
		case done().since[f.fileID()]:
			f.dropCells(0, r.merged)
		case !r.publishes(f):
			r.miss(f)
		}
		delete(r.files, name)
	}
	r.absent.comeBack(r, done)
	r.absent.take(r.merged)
	maps.Copy(r.archives, before)
	return true
}

// publishes reports whether a file is this process's own, which shows what was in it
// as unwritten until it is made again.
func (r *Reader) publishes(f *file) bool {
	return r.opts.Publisher != nil && f.kind != cellsKind && r.opts.Own.holds(f.id)
}

// missed reports whether a list lacks a file that was there. A directory is not
// listed at one moment: of a file that a compactor renames meanwhile the list may have
// neither name.
func (r *Reader) missed(listed []fs.DirEntry) bool {
	names := make(map[string]bool, len(listed))
	for _, e := range listed {
		plain, _, _ := cutFolding(e.Name())
		names[plain] = true
	}
	again, _ := os.ReadDir(r.opts.Dir)
	return slices.ContainsFunc(again, func(e fs.DirEntry) bool {
		plain, _, isFolding := cutFolding(e.Name())
		return !names[plain] && (isFolding || r.knows(plain))
	})
}

// knows reports whether a file of this name was there, whether it was being folded or
// not.
func (r *Reader) knows(name string) bool {
	for known := range r.files {
		if plain, _, _ := cutFolding(known); plain == name {
			return true
		}
	}
	return false
}

// addOwn adds this process's own cells up.
func (r *Reader) addOwn() {
	own := r.opts.Own
	if own == nil {
		return
	}
	for _, x := range own.Own() {
		if c := r.merged.cell(x.CellKey); c != nil {
			c.addLoaded(x.Words, x.Created)
		} else {
			r.report.damaged[Limit]++
		}
	}
	r.report.own(own)
	if r.opts.Publisher != nil {
		r.opts.Publisher.unwritten(r.addUnwritten)
	}
}

// addUnwritten adds a value that is in no file.
func (r *Reader) addUnwritten(k kind, key string, v float64) {
	x := &r.merged.list[r.merged.find(k, []byte(key), 0)]
	if x.series < 0 {
		r.takeOwn(&file{id: r.opts.Own.ID()}, &entry{last: v}, x)
		return
	}
	r.merged.give(k, x.series, v, float64(time.Now().UnixNano())/1e9)
}

// Workers are the numbers, or names, of the living that had files in the last
// scan.
func (r *Reader) Workers() (living []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judge()
	return r.report.workers.living()
}

// Gives reports whether the Reader itself gives a metric of this name: what
// processes use, as far as the system says it.
func (r *Reader) Gives(name string) bool {
	_, known := usageOf(os.Getpid())
	return known && r.opts.Processes && slices.ContainsFunc(usages, func(u usageMetric) bool { return u.sum == name && !r.processes.leavesOut(u) })
}

// Cells calls f with all cells that there are in the directory; f must not keep them. Only
// files of cells are read. This process's own are read from memory.
func (r *Reader) Cells(f func([]*Cell)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scan(cellsOnly)
	f(r.merged.cellList)
}

// fileID is how the archives know the file.
func (f *file) fileID() fileID {
	name, _, _ := cutFolding(f.name)
	if f.info == nil {
		return fileID{name, 0}
	}
	return fileID{name, inodeOf(f.info)}
}

// lost deals with a directory that cannot be read: everything keeps its last
// values.
func (r *Reader) lost(err error) {
	if !errors.Is(err, fs.ErrNotExist) || len(r.files) > 0 {
		r.report.damaged[Unreadable]++
	}
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		r.unread(r.files[name], "")
	}
	r.absent.take(r.merged)
}

// scanFile reads one file and reports whether it is there.
func (r *Reader) scanFile(e fs.DirEntry, done func() contents) bool {
	name := e.Name()
	plain, generation, isFolding := cutFolding(name)
	k, id, ok := parseName(plain)
	if !ok {
		r.report.damaged[Foreign]++
		return true
	}
	if isFolding {
		info, err := e.Info()
		if err != nil || done().exactly[folded{Name: plain, Inode: inodeOf(info), For: generation}] {
			return false
		}
		r.follow(plain, name, info)
	}
	if r.opts.Worker != "" && shownPID(id) != r.opts.Worker {
		return true
	}
	f := r.files[name]
	if f == nil {
		f = &file{name: name, kind: k, id: id}
	}
	if isOurs(id) {
		f.dead = !r.report.alive(id)
		switch {
		case k == cellsKind && r.opts.Own != nil && r.opts.Own.holds(id):
			return true
		case f.dead && strings.HasPrefix(k.mode, "live"):
			return true // it spoke of a process
		}
	}
	if !e.Type().IsRegular() {
		r.unread(f, NotRegular)
		return true
	}
	return r.readFile(f)
}

// follow finds a file again that has been renamed since.
func (r *Reader) follow(from, to string, info fs.FileInfo) {
	if f := r.files[from]; f != nil && f.info != nil && os.SameFile(f.info, info) {
		delete(r.files, from)
		f.name = to
		r.files[to] = f
	}
}

// unread lets a file that cannot be read count as it last was.
func (r *Reader) unread(f *file, why Reason) {
	f.damage = f.damage[:0]
	f.note(why)
	f.takeLast(r.merged, 0)
	r.count(f)
	if !isOurs(f.id) && f.id != archiveID {
		r.written = append(r.written, written{name: f.name, id: f.id}) // nobody knows of whom
	}
}

// readFile reads a file; one that has been replaced begins anew, and what the one
// before it counted is kept.
func (r *Reader) readFile(f *file) (there bool) {
	path := filepath.Join(r.opts.Dir, f.name)
	before := f.info
	in, why := f.open(path)
	if in == nil {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			// It may have another name now, which is not in the list.
			r.overtaken = r.overtaken || r.isFolding(f.name)
			return false
		}
		r.unread(f, why)
		return true
	}
	defer func() { _ = in.Close() }()
	made := f.generation(in)
	var old *file
	if before != nil && (!os.SameFile(before, f.info) || made > 0 && made != f.made) {
		old = f
		f = &file{name: f.name, kind: f.kind, id: f.id, info: f.info, dead: f.dead}
	}
	if f.id == archiveID && made != f.made {
		f.lineages = journalOf(in).lineages
		if old != nil && f.covers(old) { // before it is read: a directory's words are bounded
			old.dropCells(0, r.merged)
			old = nil
		}
	}
	f.made = max(f.made, made)
	f.read(in, r.merged, &r.buffer)
	switch {
	case old == nil:
	case f.id == archiveID:
		r.miss(old)
	case f.covers(old):
		old.dropCells(0, r.merged)
	default:
		old.forget(0, r.merged)
	}
	r.count(f)
	if !isOurs(f.id) && f.id != archiveID {
		r.written = append(r.written, r.sight.written(in, f.info, f.name, f.id))
	}
	return true
}

// isFolding reports whether a file of this name is being folded.
func (r *Reader) isFolding(name string) bool {
	listed, _ := os.ReadDir(r.opts.Dir)
	return slices.ContainsFunc(listed, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), name+folding) })
}

// count remembers a file, reports on it, and deals with those of its entries that are not
// merged.
func (r *Reader) count(f *file) {
	r.files[f.name] = f
	r.report.file(f)
	for i := 0; i < len(f.entries) && (f.apart || f.unsound); i++ {
		e := &f.entries[i]
		switch {
		case e.isGap():
			r.report.damaged[Limit] += int(e.last)
		case e.series == none:
			r.takeOwn(f, e, &r.merged.list[f.raws[i]])
		case !e.sound():
			r.report.damaged[BadValue]++
		}
	}
}

// takeOwn deals with what is not merged: gauges of which every process has its
// own, and what cannot be shown.
func (r *Reader) takeOwn(f *file, e *entry, x *raw) {
	why := x.reason()
	if x.series == beyond || why == "" && len(r.own) >= r.merged.limit {
		why = Limit
	}
	if why != "" {
		r.report.damaged[why]++
		return
	}
	name, pid := "pid", shownPID(f.id)
	of := r.merged.owns[x.own]
	labels := append(slices.Clone(of.labels), &dto.LabelPair{Name: &name, Value: &pid})
	r.own = append(r.own, sample{of.family, labels, e.last})
}
