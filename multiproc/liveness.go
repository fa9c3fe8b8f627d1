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

// Which workers of Python's client are alive is not told by what their files are called.
// A number there may be that of a process in another container, or of one that has got it
// since, or uWSGI's number of a worker. A worker is a process that has mapped the file.
// Go processes hold a lock on theirs instead; see alive.

// A life is what is known of the processes that write a file.
type life int

const (
	unknownLife life = iota // there may be one that cannot be seen
	isDead                  // there is none
	isAlive
)

// lives are the lives as values of the label state.
var lives = map[life]string{isAlive: "alive", isDead: "dead", unknownLife: "unknown"}

// A fileKey is a file of this machine.
type fileKey struct{ device, inode uint64 }

// A process is one of this machine; its number alone may come again.
type process struct {
	pid   int
	start uint64
}

// A sight finds the processes that write files, and remembers them: as long as a process
// lives it keeps what it has mapped. Its functions are replaced in tests.
type sight struct {
	writers func(*os.File) life
	mapped  func(pid int, keys map[fileKey]bool) (found []fileKey, readable bool)
	all     func() (pids []int, complete bool)
	now     func() time.Time

	known    map[fileKey][]process
	missing  map[fileKey]bool // what the last search has not found
	complete bool             // that one saw all processes that there are
	searched time.Time
}

func newSight() *sight {
	return &sight{writers: writersOf, mapped: mappedBy, all: allProcesses, now: time.Now, known: map[fileKey][]process{}}
}

// A written is a file of a worker, as a scan or a compactor finds it.
type written struct {
	name string
	id   string
	key  fileKey
	life life      // by what the kernel says of the file alone; see judge
	by   []process // those that have mapped it
}

// look opens a file of a worker and asks the kernel who writes it.
func (s *sight) look(dir, name, id string) (w written, there bool) {
	in, _ := new(file).open(filepath.Join(dir, name))
	if in == nil {
		return w, false
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return w, false
	}
	return s.written(in, info, name, id), true
}

func (s *sight) written(in *os.File, info fs.FileInfo, name, id string) written {
	return written{name: name, id: id, key: keyOf(info), life: s.writers(in)}
}

// How often all processes of the machine are looked through: at once for a file of which
// nothing is known, and seldom for one whose process was not found.
const (
	searchSoon  = time.Second
	searchAgain = time.Minute
)

// judge finds the processes of files, and decides who is alive where the kernel does not
// tell of a file alone. Fresh asks again what is remembered.
func (s *sight) judge(files []written, fresh bool) {
	wanted := map[fileKey]bool{}
	for i := range files {
		if w := &files[i]; w.life != isDead {
			s.recall(w, fresh)
			if len(s.known[w.key]) == 0 {
				wanted[w.key] = true
			}
		}
	}
	s.search(wanted, fresh)
	for i := range files {
		w := &files[i]
		if w.life == isDead {
			continue
		}
		w.by = s.known[w.key]
		switch {
		case len(w.by) > 0:
			w.life = isAlive
		case w.life == unknownLife && s.complete && s.missing[w.key]:
			w.life = isDead
		}
	}
	s.forget(files)
}

// recall keeps those processes of a file that are still there. Where there is none, that
// with the number in the file's name is the first to ask.
func (s *sight) recall(w *written, fresh bool) {
	s.known[w.key] = slices.DeleteFunc(s.known[w.key], func(p process) bool {
		return startOf(p.pid) != p.start || fresh && !s.hasMapped(p.pid, w.key)
	})
	if len(s.known[w.key]) > 0 {
		return
	}
	if pid, ok := pidOf(w.id); ok && s.hasMapped(pid, w.key) {
		s.known[w.key] = []process{{pid, startOf(pid)}}
	}
}

func (s *sight) hasMapped(pid int, key fileKey) bool {
	found, _ := s.mapped(pid, map[fileKey]bool{key: true})
	return len(found) > 0
}

// search looks for files in all processes.
func (s *sight) search(wanted map[fileKey]bool, fresh bool) {
	since := s.now().Sub(s.searched)
	isNew := func(key fileKey) bool { return !s.missing[key] }
	anyNew := slices.ContainsFunc(slices.Collect(maps.Keys(wanted)), isNew)
	if len(wanted) == 0 || !fresh && (since < searchSoon || since < searchAgain && !anyNew) {
		return
	}
	pids, complete := s.all()
	for _, pid := range pids {
		found, readable := s.mapped(pid, wanted)
		complete = complete && readable
		for _, key := range found {
			s.known[key] = append(s.known[key], process{pid, startOf(pid)})
		}
	}
	s.searched, s.complete, s.missing = s.now(), complete, map[fileKey]bool{}
	for key := range wanted {
		if len(s.known[key]) == 0 {
			s.missing[key] = true
		}
	}
}

// forget drops what is remembered of files that are not there any more.
func (s *sight) forget(files []written) {
	there := make(map[fileKey]bool, len(files))
	for i := range files {
		there[files[i].key] = true
	}
	maps.DeleteFunc(s.known, func(key fileKey, by []process) bool { return !there[key] || len(by) == 0 })
}

// keyOf is which file of this machine a file is.
func keyOf(info fs.FileInfo) fileKey { return fileKey{deviceOf(info), inodeOf(info)} }

// A cohort is the workers that have files in a directory, by id.
type cohort map[string]*member

// A member is a worker: its life is that of the liveliest of its files.
type member struct {
	life life
	pids map[int]bool // of its processes that can be seen
}

func (c cohort) member(id string) *member {
	if c[id] == nil {
		c[id] = &member{life: isDead, pids: map[int]bool{}}
	}
	return c[id]
}

// add adds a file that was judged.
func (c cohort) add(w written) {
	m := c.member(w.id)
	if w.life == isAlive || m.life == isDead {
		m.life = w.life
	}
	for _, p := range w.by {
		m.pids[p.pid] = true
	}
}

// addOurs adds a Go process, of which is known whether it is alive.
func (c cohort) addOurs(id string, alive bool) {
	m := c.member(id)
	if !alive {
		return
	}
	m.life = isAlive
	if pid, ok := pidOf(id); ok {
		m.pids[pid] = true
	}
}

// count is how many workers have a life.
func (c cohort) count(of life) (n int) {
	for _, m := range c {
		if m.life == of {
			n++
		}
	}
	return n
}

// pids are the processes of all that live, and whether these are all: none of them is out
// of sight.
func (c cohort) pids() (pids []int, all bool) {
	seen := map[int]bool{}
	all = true
	for _, m := range c {
		if m.life != isDead {
			maps.Copy(seen, m.pids)
			all = all && len(m.pids) > 0
		}
	}
	return slices.Sorted(maps.Keys(seen)), all
}

// living are the names of those that live, as the label pid has them.
func (c cohort) living() (names []string) {
	for id, m := range c {
		if m.life == isAlive {
			names = append(names, shownPID(id))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isNumber reports whether a worker is called by a number, a process's or its server's.
func isNumber(id string) bool {
	n, err := strconv.Atoi(id)
	return err == nil && n >= 0
}
