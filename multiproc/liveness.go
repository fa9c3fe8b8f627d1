package multiproc

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// The names of their files do not tell which workers of Python's client are alive. A number in a
// name can be the PID of a process in another container, a PID that was reused, or uWSGI's
// number of a worker. So a worker is a process that has mapped the file. Go processes lock their
// files instead; see isAlive.

// A liveness is what is known about the processes that write a file.
type liveness int

const (
	livenessUnknown liveness = iota // there may be a process that cannot be seen
	livenessDead                    // no process writes it
	livenessAlive
)

// livenessLabels are the values of the state label.
var livenessLabels = map[liveness]string{livenessAlive: "alive", livenessDead: "dead", livenessUnknown: "unknown"}

// A deviceInode identifies a file of this machine.
type deviceInode struct{ device, inode uint64 }

// A processRef identifies a process of this machine. The PID alone may be reused.
type processRef struct {
	pid   int
	start uint64
}

// A writerFinder finds the processes that write files, and caches them: a process keeps its
// mappings for as long as it lives. Tests replace its functions.
type writerFinder struct {
	checkLease    func(*os.File) liveness
	mappedBy      func(pid int, keys map[deviceInode]bool) (found []deviceInode, readable bool)
	listProcesses func() (pids []int, complete bool)
	now           func() time.Time

	known      map[deviceInode][]processRef
	notFound   map[deviceInode]bool // files that the last search did not find
	sawAll     bool                 // the last search saw every process
	lastSearch time.Time
}

func newWriterFinder() *writerFinder {
	return &writerFinder{checkLease: leaseState, mappedBy: mappedBy, listProcesses: listProcesses, now: time.Now, known: map[deviceInode][]processRef{}}
}

// A workerFile is a file of a worker, as found by a scan or a compactor.
type workerFile struct {
	name     string
	id       string
	file     deviceInode
	liveness liveness     // from the lease alone until resolve is called
	writers  []processRef // processes that have mapped it
}

// inspect opens a file of a worker and checks its lease.
func (f *writerFinder) inspect(dir, name, id string) (w workerFile, exists bool) {
	in, _, _ := openRegular(filepath.Join(dir, name))
	if in == nil {
		return w, false
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return w, false
	}
	return f.inspectOpen(in, info, name, id), true
}

func (f *writerFinder) inspectOpen(in *os.File, info fs.FileInfo, name, id string) workerFile {
	return workerFile{name: name, id: id, file: deviceInodeOf(info), liveness: f.checkLease(in)}
}

// How often all processes of the machine are searched: soon for a new file, and rarely for one
// whose process was not found.
const (
	searchInterval = time.Second
	retryInterval  = time.Minute
)

// resolve finds the processes of files, and decides which are alive where the lease does not
// tell. With fresh it checks the cached processes again.
func (f *writerFinder) resolve(files []workerFile, fresh bool) {
	wanted := map[deviceInode]bool{}
	for i := range files {
		if w := &files[i]; w.liveness != livenessDead {
			f.recall(w, fresh)
			if len(f.known[w.file]) == 0 {
				wanted[w.file] = true
			}
		}
	}
	f.search(wanted, fresh)
	for i := range files {
		w := &files[i]
		if w.liveness == livenessDead {
			continue
		}
		w.writers = f.known[w.file]
		switch {
		case len(w.writers) > 0:
			w.liveness = livenessAlive
		case w.liveness == livenessUnknown && f.sawAll && f.notFound[w.file]:
			w.liveness = livenessDead
		}
	}
	f.forget(files)
}

// recall keeps the processes of a file that still run. If there is none, it first tries the PID
// in the file's name.
func (f *writerFinder) recall(w *workerFile, fresh bool) {
	f.known[w.file] = slices.DeleteFunc(f.known[w.file], func(p processRef) bool {
		return startTicks(p.pid) != p.start || fresh && !f.hasMapped(p.pid, w.file)
	})
	if len(f.known[w.file]) > 0 {
		return
	}
	if pid, ok := pidOf(w.id); ok && f.hasMapped(pid, w.file) {
		f.known[w.file] = []processRef{{pid, startTicks(pid)}}
	}
}

func (f *writerFinder) hasMapped(pid int, key deviceInode) bool {
	found, _ := f.mappedBy(pid, map[deviceInode]bool{key: true})
	return len(found) > 0
}

// search looks for files in all processes.
func (f *writerFinder) search(wanted map[deviceInode]bool, fresh bool) {
	since := f.now().Sub(f.lastSearch)
	isNew := func(key deviceInode) bool { return !f.notFound[key] }
	anyNew := slices.ContainsFunc(slices.Collect(maps.Keys(wanted)), isNew)
	if len(wanted) == 0 || !fresh && (since < searchInterval || since < retryInterval && !anyNew) {
		return
	}
	pids, complete := f.listProcesses()
	for _, pid := range pids {
		found, readable := f.mappedBy(pid, wanted)
		complete = complete && readable
		for _, key := range found {
			f.known[key] = append(f.known[key], processRef{pid, startTicks(pid)})
		}
	}
	f.lastSearch, f.sawAll, f.notFound = f.now(), complete, map[deviceInode]bool{}
	for key := range wanted {
		if len(f.known[key]) == 0 {
			f.notFound[key] = true
		}
	}
}

// forget drops cached processes of files that no longer exist.
func (f *writerFinder) forget(files []workerFile) {
	exists := make(map[deviceInode]bool, len(files))
	for i := range files {
		exists[files[i].file] = true
	}
	maps.DeleteFunc(f.known, func(key deviceInode, by []processRef) bool { return !exists[key] || len(by) == 0 })
}

// deviceInodeOf returns the identity of a file.
func deviceInodeOf(info fs.FileInfo) deviceInode { return deviceInode{deviceOf(info), inodeOf(info)} }

// workers are the workers that have files in a directory, by id.
type workers map[string]*worker

// A worker is alive if one of its files is in use.
type worker struct {
	liveness liveness
	pids     map[int]bool // of its processes that can be seen
}

func (c workers) get(id string) *worker {
	if c[id] == nil {
		c[id] = &worker{liveness: livenessDead, pids: map[int]bool{}}
	}
	return c[id]
}

// add adds a file after resolve.
func (c workers) add(w workerFile) {
	one := c.get(w.id)
	if w.liveness == livenessAlive || one.liveness == livenessDead {
		one.liveness = w.liveness
	}
	for _, p := range w.writers {
		one.pids[p.pid] = true
	}
}

// addGo adds a Go process.
func (c workers) addGo(id string, alive bool) {
	one := c.get(id)
	if !alive {
		return
	}
	one.liveness = livenessAlive
	if pid, ok := pidOf(id); ok {
		one.pids[pid] = true
	}
}

// count returns how many workers have a liveness.
func (c workers) count(of liveness) (n int) {
	for _, one := range c {
		if one.liveness == of {
			n++
		}
	}
	return n
}

// pids returns the processes of all workers that are not dead, and whether it could see a
// process of each.
func (c workers) pids() (pids []int, all bool) {
	seen := map[int]bool{}
	all = true
	for _, one := range c {
		if one.liveness != livenessDead {
			maps.Copy(seen, one.pids)
			all = all && len(one.pids) > 0
		}
	}
	return slices.Sorted(maps.Keys(seen)), all
}

// aliveNames returns the names of the living workers, as in the pid label.
func (c workers) aliveNames() (names []string) {
	for id, one := range c {
		if one.liveness == livenessAlive {
			names = append(names, pidLabel(id))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isNumericID reports whether an id is a number: a PID, or a number from the worker's server.
func isNumericID(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n >= 0
}
