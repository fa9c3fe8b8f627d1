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

// ReaderOptions configures a [Reader].
type ReaderOptions struct {
	// Dir is the directory, as in PROMETHEUS_MULTIPROC_DIR. It need not exist yet.
	Dir string

	// SeriesLimit bounds the series of the merged view. Series above it are dropped and counted
	// as damage. 0 means 1,000,000.
	SeriesLimit int

	// Processes adds the resource usage of the living workers, on Linux: process_* for all
	// together and tacho_multiproc_worker_* for each. If the process of a worker cannot be seen,
	// that worker has no metrics, and there is no process_* total.
	Processes bool

	// ConstLabels are added to every metric, to distinguish directories.
	ConstLabels map[string]string

	// Worker restricts the Reader to the files of one worker, by its PID.
	Worker string

	// UTF8Names keeps names that are valid UTF-8. Otherwise characters that the older text
	// format cannot hold become underscores, as with Python's client.
	UTF8Names bool

	// Own holds this process's cells, which are read from memory. Publisher holds the values
	// that it could not write.
	Own       *Cells
	Publisher *Publisher
}

// A Reader merges the metrics that the processes of a service have written into a directory. It
// is a prometheus.Gatherer. Gather holds a lock, and never fails because of a file:
// tacho_multiproc_damaged counts what it cannot read.
//
// A Reader remembers what it has read. Counters, histograms and summaries of a file that
// vanishes, shrinks or breaks keep counting with their last values, so no total falls while the
// Reader exists.
type Reader struct {
	opts   ReaderOptions
	consts []label

	mu         sync.Mutex
	merged     *merged
	files      map[string]*file
	buffer     buffer
	perProcess []perProcessSample // gauges that are not merged
	report     report

	writerFinder   *writerFinder
	workerFiles    []workerFile // files of Python's client, in this scan
	usage          usageTracker
	compactedFiles fileCounter       // by Compact
	restoredFiles  fileCounter       // removed archives, by Compact
	restorer       *archiveRestorer  // the Publisher's if there is one
	beforeStep     func()            // see compactor
	raced          bool              // a compactor renamed a file during this scan
	listed         []fs.DirEntry     // the directory in this scan
	generations    map[string]uint64 // of the archives, in the last scan
	vanished       vanishedFiles
	displaced      []*file // files whose names others have taken, until a scan finds out where they are
}

// A perProcessSample is a sample of a series that only one file has.
type perProcessSample struct {
	family *family
	labels []*dto.LabelPair
	value  float64
}

// NewReader returns a Reader. It opens no file yet.
func NewReader(o ReaderOptions) (*Reader, error) {
	if o.Dir == "" {
		return nil, errors.New("multiproc: ReaderOptions.Dir is missing: name the directory of PROMETHEUS_MULTIPROC_DIR")
	}
	if o.SeriesLimit < 0 {
		return nil, fmt.Errorf("multiproc: ReaderOptions.SeriesLimit: %d is negative: 0 means 1,000,000", o.SeriesLimit)
	}
	if info, err := os.Stat(o.Dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("multiproc: ReaderOptions.Dir: %s is not a directory", o.Dir)
	}
	if err := checkConsts(o.ConstLabels); err != nil {
		return nil, err
	}
	consts := labelsOf(o.ConstLabels)
	r := &Reader{opts: o, consts: consts, files: map[string]*file{}, generations: map[string]uint64{}, writerFinder: newWriterFinder(), vanished: vanishedFiles{}}
	r.compactedFiles.key, r.restoredFiles.key = compactedKey, restoredKey
	if r.restorer = newArchiveRestorer(o.Dir); o.Publisher != nil {
		r.restorer = o.Publisher.restorer
	}
	r.usage.usageOf, r.usage.omitCPU = usageOf, o.Own != nil
	r.merged = newMerged(cmp.Or(o.SeriesLimit, defaultSeriesLimit))
	r.merged.utf8, r.merged.consts = o.UTF8Names, consts
	return r, nil
}

func checkConsts(labels map[string]string) error {
	for name := range labels {
		if escapeName(name) != name || name == "" || name == "le" || name == "pid" {
			return fmt.Errorf("multiproc: ReaderOptions.ConstLabels: %q is not a valid label name, or is reserved: choose another name", name)
		}
	}
	return nil
}

// ConstLabels returns the labels that are added to every metric.
func (r *Reader) ConstLabels() map[string]string { return maps.Clone(r.opts.ConstLabels) }

// Dir returns the directory.
func (r *Reader) Dir() string { return r.opts.Dir }

var _ prometheus.Gatherer = (*Reader)(nil)

// Gather implements prometheus.Gatherer. It returns the merged metrics and those about the
// directory itself, sorted by name.
func (r *Reader) Gather() ([]*dto.MetricFamily, error) {
	return r.GatherWith(func([]*Cell) []*dto.MetricFamily { return nil })
}

// GatherWith is Gather, and adds the families that f makes from all cells, as [Reader.Cells]
// passes them. Both come from the same scan. The families also get the constant labels. Families
// that Prometheus would reject are dropped and counted as damage.
func (r *Reader) GatherWith(f func([]*Cell) []*dto.MetricFamily) ([]*dto.MetricFamily, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scan(all)
	r.report.compactedFiles, r.report.restoredFiles = r.compactedFiles.value(r.merged), r.restoredFiles.value(r.merged)
	r.resolveLiveness()
	return r.output(f(r.merged.cellList)), nil
}

// resolveLiveness determines which workers are alive.
func (r *Reader) resolveLiveness() {
	r.writerFinder.resolve(r.workerFiles, false)
	r.report.workers = workers{}
	for _, w := range r.workerFiles {
		r.report.workers.add(w)
	}
	for id, alive := range r.report.goProcesses {
		r.report.workers.addGo(id, alive)
	}
}

// scan reads the whole directory. If a compactor interferes, it starts over, because files may
// have been merged into an archive after that was read. In the end it locks out a compactor that
// does not stop.
func (r *Reader) scan(which scope) {
	for range maxFreeScans {
		if r.scanOnce(which) {
			return
		}
	}
	unlock := lockShared(r.opts.Dir)
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
	base, _, _ := cutCompacting(name)
	return strings.HasSuffix(base, cellsSuffix) || s == all && strings.HasSuffix(base, ".db")
}

// kinds returns the kinds of the archives in the scope.
func (s scope) kinds() []kind {
	if s == cellsOnly {
		return []kind{cellKind}
	}
	return archivedKinds
}

const maxFreeScans = 3

// scanOnce reads the directory and reports whether the result is consistent.
func (r *Reader) scanOnce(which scope) bool {
	r.merged.resetValues()
	r.perProcess, r.workerFiles = r.perProcess[:0], r.workerFiles[:0]
	r.report = report{dir: r.opts.Dir, goProcesses: map[string]bool{}, damaged: map[Reason]int{}}
	r.addOwn()
	r.raced = false
	before := archiveGenerations(r.opts.Dir, which.kinds()) // first: later changes are noticed
	listed, err := os.ReadDir(r.opts.Dir)
	if err != nil {
		r.keepAll(err)
		return true
	}
	r.listed = listed
	// The journals matter only after a compactor has run.
	archived := sync.OnceValue(func() archivedFiles { return readArchivedFiles(r.opts.Dir, r.generations) })
	r.dropArchived(which, before, archived)
	seen := make(map[string]bool, len(listed))
	for _, e := range compactingFirst(listed) {
		if name := e.Name(); which.has(name) && r.scanFile(e, archived) {
			seen[name] = true
		}
	}
	if r.raced || r.listingIncomplete(listed) || !maps.Equal(before, archiveGenerations(r.opts.Dir, which.kinds())) {
		return false
	}
	for name, f := range r.files {
		if seen[name] || !which.has(name) {
			continue
		}
		switch {
		case archived().added[f.ref()]:
			f.dropCells(0, r.merged)
		case !r.publishes(f):
			r.markVanished(f)
		}
		delete(r.files, name)
	}
	r.resolveDisplaced(archived)
	r.vanished.reconcile(r, archived)
	r.vanished.addTo(r.merged)
	maps.Copy(r.generations, before)
	return true
}

// publishes reports whether a file belongs to this process, which shows the values of a removed
// file as unwritten until it is recreated.
func (r *Reader) publishes(f *file) bool {
	return r.opts.Publisher != nil && f.kind != cellKind && r.opts.Own.owns(f.id)
}

// listingIncomplete reports whether a listing lacks an existing file. Listing a directory is not
// atomic: while a compactor renames a file, a listing may have neither name.
func (r *Reader) listingIncomplete(listed []fs.DirEntry) bool {
	names := make(map[string]bool, len(listed))
	for _, e := range listed {
		plain, _, _ := cutCompacting(e.Name())
		names[plain] = true
	}
	again, _ := os.ReadDir(r.opts.Dir)
	return slices.ContainsFunc(again, func(e fs.DirEntry) bool {
		plain, _, isFolding := cutCompacting(e.Name())
		return !names[plain] && (isFolding || r.hasFile(plain))
	})
}

// hasFile reports whether a file of this name was there, under its own name or while it was
// being merged.
func (r *Reader) hasFile(name string) bool {
	for known := range r.files {
		if plain, _, _ := cutCompacting(known); plain == name {
			return true
		}
	}
	return false
}

// addOwn adds this process's own cells.
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
	x := &r.merged.rawKeys[r.merged.findKey(k, []byte(key), 0)]
	if x.series < 0 {
		r.addUnmerged(&file{id: r.opts.Own.ID()}, &entry{value: v}, x)
		return
	}
	r.merged.addValue(k, x.series, v, float64(time.Now().UnixNano())/1e9)
}

// Workers returns the PIDs or names of the living workers that had files in the last scan.
func (r *Reader) Workers() (living []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resolveLiveness()
	return r.report.workers.aliveNames()
}

// Provides reports whether the Reader itself provides the metric with this name: process_*
// totals, as far as the system reports them.
func (r *Reader) Provides(name string) bool {
	_, known := usageOf(os.Getpid())
	return known && r.opts.Processes && slices.ContainsFunc(usageMetrics, func(u usageMetric) bool { return u.total == name && !r.usage.omits(u) })
}

// Cells calls f with all cells of the directory. It reads cell files only, and this process's
// own cells from memory. f must not keep the slice or the cells.
func (r *Reader) Cells(f func([]*Cell)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scan(cellsOnly)
	f(r.merged.cellList)
}

// ref returns how the archives refer to the file.
func (f *file) ref() fileRef {
	name, _, _ := cutCompacting(f.name)
	if f.info == nil {
		return fileRef{name, 0}
	}
	return fileRef{name, inodeOf(f.info)}
}

// keepAll keeps all last values when the directory cannot be read.
func (r *Reader) keepAll(err error) {
	if !errors.Is(err, fs.ErrNotExist) || len(r.files) > 0 {
		r.report.damaged[Unreadable]++
	}
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		r.keepLast(r.files[name], "")
	}
	r.vanished.addTo(r.merged)
}

// scanFile reads one file and reports whether it exists.
func (r *Reader) scanFile(e fs.DirEntry, archived func() archivedFiles) bool {
	name := e.Name()
	plain, generation, isFolding := cutCompacting(name)
	k, id, ok := parseName(plain)
	if !ok {
		r.report.damaged[Foreign]++
		return true
	}
	if isFolding {
		info, err := e.Info()
		if err != nil || r.isGivenBack(plain, info) {
			r.raced = r.raced || err != nil // merged, or given back under a name that was not listed
			return false
		}
		if archived().all[archivedFile{Name: plain, Inode: inodeOf(info), Target: generation}] {
			return false
		}
		r.followRename(plain, name, info)
	} else {
		r.followGivenBack(e)
	}
	if r.opts.Worker != "" && pidLabel(id) != r.opts.Worker {
		return true
	}
	f := r.files[name]
	if f == nil {
		f = &file{name: name, kind: k, id: id}
	}
	if isGoID(id) {
		f.dead = !r.report.isAlive(id)
		switch {
		case k == cellKind && r.opts.Own != nil && r.opts.Own.owns(id):
			return true
		case f.dead && strings.HasPrefix(k.mode, "live"):
			return true // it described a process that has ended
		}
	}
	if !e.Type().IsRegular() {
		r.keepLast(f, NotRegular)
		return true
	}
	return r.readFile(f)
}

// followRename recognizes a file after it was renamed.
func (r *Reader) followRename(from, to string, info fs.FileInfo) {
	if f := r.files[from]; f != nil && f.info != nil && os.SameFile(f.info, info) {
		delete(r.files, from)
		f.name = to
		r.files[to] = f
	}
}

// keepLast keeps the last values of a file that cannot be read.
func (r *Reader) keepLast(f *file, why Reason) {
	f.damage = f.damage[:0]
	f.note(why)
	f.addLast(r.merged, 0)
	r.record(f)
	if f.isWorkers() {
		r.workerFiles = append(r.workerFiles, workerFile{name: f.name, id: f.id}) // its liveness is unknown
	}
}

// readFile reads a file. If the file was replaced, it starts over and keeps the counts of the
// old one.
func (r *Reader) readFile(f *file) (exists bool) {
	path := filepath.Join(r.opts.Dir, f.name)
	before := f.info
	in, why := f.open(path)
	if in == nil {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			// It may have been renamed after the directory was listed.
			_, _, isFolding := cutCompacting(f.name)
			r.raced = r.raced || isFolding || r.isCompacting(f.name)
			return false
		}
		r.keepLast(f, why)
		return true
	}
	defer func() { _ = in.Close() }()
	made := f.readGeneration(in)
	var old *file
	if before != nil && (!os.SameFile(before, f.info) || made > 0 && made != f.generation) {
		old = f
		f = &file{name: f.name, kind: f.kind, id: f.id, info: f.info, dead: f.dead}
	}
	if f.id == archiveID && made != f.generation {
		f.lineages = journalOf(in).lineages
		if old != nil && f.covers(old) { // before reading: the number of words is limited
			old.dropCells(0, r.merged)
			old = nil
		}
	}
	f.generation = max(f.generation, made)
	f.read(in, r.merged, &r.buffer)
	switch {
	case old == nil:
	case f.id == archiveID:
		r.markVanished(old)
	case f.covers(old):
		old.dropCells(0, r.merged)
	case f.isWorkers():
		r.displace(old)
	default:
		old.forget(0, r.merged)
	}
	r.record(f)
	if f.isWorkers() {
		r.workerFiles = append(r.workerFiles, r.writerFinder.inspectOpen(in, f.info, f.name, f.id))
	}
	return true
}

// isCompacting reports whether a file of this name is being merged into an archive.
func (r *Reader) isCompacting(name string) bool {
	listed, _ := os.ReadDir(r.opts.Dir)
	return slices.ContainsFunc(listed, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), name+compactingMark) })
}

// record remembers and reports a file, and handles its entries that are not merged.
func (r *Reader) record(f *file) {
	r.files[f.name] = f
	r.report.file(f)
	for i := 0; i < len(f.entries) && (f.hasUnmerged || f.hasInvalid); i++ {
		e := &f.entries[i]
		switch {
		case e.isGap():
			r.report.damaged[Limit] += int(e.value)
		case e.series == noSeries:
			r.addUnmerged(f, e, &r.merged.rawKeys[f.keys[i]])
		case !e.isValid():
			r.report.damaged[BadValue]++
		}
	}
}

// addUnmerged adds a gauge that each process shows for itself, or reports why an entry cannot be
// shown.
func (r *Reader) addUnmerged(f *file, e *entry, x *rawKey) {
	why := x.reason()
	if x.series == overLimit || why == "" && len(r.perProcess) >= r.merged.limit {
		why = Limit
	}
	if why != "" {
		r.report.damaged[why]++
		return
	}
	name, pid := "pid", pidLabel(f.id)
	of := r.merged.perProcess[x.perProcess]
	labels := append(slices.Clone(of.labels), &dto.LabelPair{Name: &name, Value: &pid})
	r.perProcess = append(r.perProcess, perProcessSample{of.family, labels, e.value})
}
