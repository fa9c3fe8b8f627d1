//go:build linux

package multiproc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mapAndObey acts as a worker of Python's client: it has mapped its files, whatever their names,
// and adds to the first value in each.
func mapAndObey(dir string) {
	var all [][]byte
	for _, id := range os.Args[1:] {
		mapped, err := mapFile(filepath.Join(dir, "counter_"+id+".db"))
		if err != nil {
			panic(err)
		}
		all = append(all, mapped)
	}
	at := len(encode(valueOnly, counted("a_total", 1))) - 8
	obey(map[string]func(){"more": func() {
		for _, mapped := range all {
			n := math.Float64frombits(binary.LittleEndian.Uint64(mapped[at:]))
			binary.LittleEndian.PutUint64(mapped[at:], math.Float64bits(n+1))
		}
	}})
}

// startUnseen starts the test program in a new PID namespace, from which no other process can be
// seen.
func startUnseen(t *testing.T, dirs ...string) *testWorker {
	t.Helper()
	cmd := inRole("unseen", strings.Join(dirs, ":"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	return startCommand(t, cmd)
}

// readUnseen is that program: worker 1 in each directory, and a compactor.
func readUnseen(dirs string) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	check(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	check(syscall.Mount("proc", "/proc", "proc", 0, ""))
	_, err := mapFile(filepath.Join(strings.Split(dirs, ":")[0], "counter_1.db"))
	check(err)
	obey(map[string]func(){
		"compact": func() {
			for _, dir := range strings.Split(dirs, ":") {
				r, err := NewReader(ReaderOptions{Dir: dir})
				check(err)
				n, err := r.Compact()
				fmt.Println(n, errors.Is(err, ErrLivenessUnknown))
			}
		},
		"read": func() {
			for _, dir := range strings.Split(dirs, ":") {
				r, err := NewReader(ReaderOptions{Dir: dir, Processes: true})
				check(err)
				fmt.Println(described(r))
			}
		},
	})
}

// described returns what a Reader reports about processes: their liveness, which are shown for
// themselves, and whether there are totals.
func described(r *Reader) string {
	families, err := r.Gather()
	if err != nil {
		panic(err)
	}
	var each []string
	states, sums := map[string]float64{}, 0
	for _, f := range families {
		for _, m := range f.Metric {
			switch {
			case f.GetName() == "tacho_multiproc_workers":
				states[m.Label[0].GetValue()] = m.Gauge.GetValue()
			case f.GetName() == "tacho_multiproc_worker_resident_memory_bytes":
				each = append(each, m.Label[0].GetValue())
			case strings.HasPrefix(f.GetName(), "process_"):
				sums++
			}
		}
	}
	return fmt.Sprint(states, each, sums)
}

// putWorkers puts a file for each id into a directory.
func putWorkers(t *testing.T, dir string, ids ...any) {
	t.Helper()
	for _, id := range ids {
		put(t, dir, fmt.Sprintf("counter_%v.db", id), padded(encode(valueOnly, counted("a_total", 1))))
	}
}

// TestOtherDevice: two directories are on two file systems with equal inodes. A process that has
// mapped a file in the first proves nothing about the second, whose worker is in another PID
// namespace: alive, with a PID that is unused here.
func TestOtherDevice(t *testing.T) {
	seen, unseen := smallDisk(t, 512), smallDisk(t, 512)
	putWorkers(t, seen, 1)
	putWorkers(t, unseen, 1, deadPID)
	inode := func(dir string) uint64 { return deviceInodeOf(stat(t, filepath.Join(dir, "counter_1.db"))).inode }
	if inode(seen) != inode(unseen) {
		t.Fatalf("the files have the inodes %d and %d", inode(seen), inode(unseen))
	}
	w := startTestWorker(t, "map", unseen, deadPID)
	w.await("ready")
	compactor := startUnseen(t, seen, unseen)
	compactor.await("ready")
	if _, err := fmt.Fprintln(compactor.in, "compact"); err != nil {
		t.Fatal(err)
	}
	compactor.await("0 false")
	compactor.await("0 true")
	compactor.await("compact")
	w.tell("more")
	checkSamples(t, gather(t, newReader(t, unseen)), samples{"a_total": 3})
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestTwoNamespaces: workers of two containers write into one directory. Seeing some proves
// nothing about the others; their counts are not lost, and the usage of some is not shown as
// that of all.
func TestTwoNamespaces(t *testing.T) {
	dir := t.TempDir()
	putWorkers(t, dir, 1, deadPID, deadPID+1)
	w := startTestWorker(t, "map", dir, deadPID)
	w.await("ready")
	compactor := startUnseen(t, dir)
	compactor.await("ready")
	for _, c := range []struct{ tell, want string }{
		{"read", "map[alive:2 dead:1 unknown:0] [1] 0"},
		{"compact", "1 false"}, // known to have no writer
		{"read", "map[alive:2 dead:0 unknown:0] [1] 0"},
	} {
		if _, err := fmt.Fprintln(compactor.in, c.tell); err != nil {
			t.Fatal(err)
		}
		compactor.await(c.want)
		compactor.await(c.tell)
	}
	w.tell("more")
	checkSamples(t, gather(t, newReader(t, dir)), samples{"a_total": 4})
}

// TestWorkerNumbers: numbers in file names are not PIDs: they are uWSGI's, of which 1 is also
// init, or a container's, or a reused PID. The processes shown are those that have mapped the
// files.
func TestWorkerNumbers(t *testing.T) {
	idle := startTestWorker(t, "map", t.TempDir()) // a process without mapped files
	idle.await("ready")
	for name, ids := range map[string][]any{
		"uWSGI":       {1, 2},
		"named":       {"web"},
		"a container": {deadPID, deadPID + 1, 7},
		"reused":      {idle.pid},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			putWorkers(t, dir, ids...)
			w := startTestWorker(t, "map", dir, ids...)
			w.await("ready")
			r, err := NewReader(ReaderOptions{Dir: dir, Processes: true})
			if err != nil {
				t.Fatal(err)
			}
			alive := fmt.Sprintf("map[alive:%d dead:0 unknown:0] [%d] %d", len(ids), w.pid, len(usageMetrics))
			for range 2 { // the second time from the cache
				if got := described(r); got != alive {
					t.Errorf("got %s, want %s", got, alive)
				}
			}
			if n, err := r.Compact(); n != 0 || err != nil {
				t.Errorf("Compact() = %d, %v", n, err)
			}
			w.kill()
			dead := fmt.Sprintf("map[alive:0 dead:%d unknown:0] [] ", len(ids))
			if got := described(r); !strings.HasPrefix(got, dead) {
				t.Errorf("after its end: got %s, want %s", got, dead)
			}
		})
	}
}

// TestNumberReused: the PID in a dead worker's file now belongs to another process. That is not
// a worker of this service, and its usage is not the service's.
func TestNumberReused(t *testing.T) {
	s := newShop(t)
	idle := startTestWorker(t, "map", t.TempDir())
	idle.await("ready")
	putWorkers(t, s.dir, 1, 2, idle.pid)
	r, err := NewReader(ReaderOptions{Dir: s.dir, Processes: true})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("map[alive:1 dead:3 unknown:0] [%d] %d", os.Getpid(), len(usageMetrics))
	if got := described(r); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n, err := r.Compact(); n != 3 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	if got := gather(t, r)["a_total"]; got != 4 {
		t.Errorf("a_total is %v, want 4", got)
	}
}

// TestOpenedMeanwhile: a process opens a dead one's file just before the rename. It gets the
// file back, and its counts count.
func TestOpenedMeanwhile(t *testing.T) {
	s := newShop(t)
	putWorkers(t, s.dir, deadPID)
	r := newReader(t, s.dir)
	var w *testWorker
	r.beforeStep = func() {
		if w == nil {
			w = startTestWorker(t, "map", s.dir, deadPID)
			w.await("ready")
		}
	}
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, fmt.Sprintf("counter_%d.db", deadPID))); err != nil {
		t.Error(err)
	}
	w.tell("more")
	if got := gather(t, r)["a_total"]; got != 3 {
		t.Errorf("a_total is %v, want 3", got)
	}
}

// TestNoLeases: without leases, as on a network file system, a worker is dead only if all
// processes can be seen.
func TestNoLeases(t *testing.T) {
	for _, complete := range []bool{true, false} {
		s := newShop(t)
		putWorkers(t, s.dir, 1, deadPID)
		r := newReader(t, s.dir)
		r.writerFinder.checkLease = func(*os.File) liveness { return livenessUnknown }
		r.writerFinder.listProcesses = func() ([]int, bool) { return []int{os.Getpid()}, complete }
		r.opts.Processes = true
		lives, merged := samples{"alive": 1, "dead": 2, "unknown": 0}, 2
		if !complete {
			lives, merged = samples{"alive": 1, "dead": 0, "unknown": 2}, 0
		}
		got := directoryMetrics(t, r)
		for life, want := range lives {
			if n := got["tacho_multiproc_workers,"+life]; n != want {
				t.Errorf("complete %v: %v are %s, want %v", complete, n, life, want)
			}
		}
		if n, err := r.Compact(); n != merged || errors.Is(err, ErrLivenessUnknown) == complete {
			t.Errorf("complete %v: Compact() = %d, %v", complete, n, err)
		}
		if got := gather(t, r)["a_total"]; got != 3 {
			t.Errorf("a_total is %v", got)
		}
	}
}

// TestUnreadableMaps: a process whose mappings cannot be read may be a worker.
func TestUnreadableMaps(t *testing.T) {
	s := newShop(t)
	putWorkers(t, s.dir, deadPID)
	r := newReader(t, s.dir)
	r.writerFinder.checkLease = func(*os.File) liveness { return livenessUnknown }
	r.writerFinder.listProcesses = func() ([]int, bool) { return []int{os.Getpid(), 1}, true }
	r.writerFinder.mappedBy = func(pid int, keys map[deviceInode]bool) ([]deviceInode, bool) {
		if pid == 1 {
			return nil, false
		}
		return mappedBy(pid, keys)
	}
	if n, err := r.Compact(); n != 0 || !errors.Is(err, ErrLivenessUnknown) {
		t.Errorf("Compact() = %d, %v", n, err)
	}
}

// TestSearchesSeldom: all processes are searched for new files, but not at each scrape for a
// file whose process cannot be seen.
func TestSearchesSeldom(t *testing.T) {
	dir := t.TempDir()
	putWorkers(t, dir, deadPID)
	r := newReader(t, dir)
	now, searches := r.writerFinder.now(), 0
	r.writerFinder.now = func() time.Time { return now }
	r.writerFinder.checkLease = func(*os.File) liveness { return livenessAlive }
	r.writerFinder.listProcesses = func() ([]int, bool) { searches++; return nil, true }
	for _, c := range []struct {
		then   func()
		search int
	}{
		{func() {}, 1},
		{func() { now = now.Add(searchInterval) }, 1},
		{func() { putWorkers(t, dir, deadPID+1) }, 2},
		{func() { now = now.Add(searchInterval) }, 2},
		{func() { now = now.Add(retryInterval) }, 3},
	} {
		c.then()
		gather(t, r)
		if searches != c.search {
			t.Errorf("%d searches, want %d", searches, c.search)
		}
	}
}

// TestOverlay: on an overlay, as in containers, maps may show a different device than stat.
func TestOverlay(t *testing.T) {
	disk := smallDisk(t, 1024)
	layer := func(name string) string {
		dir := filepath.Join(disk, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := layer("merged")
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", layer("lower"), layer("upper"), layer("work"))
	if err := syscall.Mount("overlay", dir, "overlay", 0, options); err != nil {
		t.Fatalf("mounting an overlay: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	putWorkers(t, dir, 1, 2)
	cmd := exec.Command(python(t), "-c", `import sys, mmap
f = open(sys.argv[1], "a+b")
m = mmap.mmap(f.fileno(), 65536)
print("ready", flush=True)
sys.stdin.read()`, filepath.Join(dir, "counter_1.db"))
	w := startCommand(t, cmd)
	w.await("ready")
	r, err := NewReader(ReaderOptions{Dir: dir, Processes: true})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("map[alive:1 dead:1 unknown:0] [%d] %d", w.pid, len(usageMetrics))
	if got := described(r); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n, err := r.Compact(); n != 1 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
}

// TestDeviceNumber: devices are numbered as in stat.
func TestDeviceNumber(t *testing.T) {
	for line, want := range map[string]deviceInode{
		"7f00-7f01 rw-s 00000000 fd:01 42                 /m/counter_1.db":  {0xfd01, 42},
		"7f00-7f01 rw-s 00000000 00:12345 7      /m/counter_1.db (deleted)": {0x12300045, 7},
		"7f00-7f01 rw-s 00000000 1234:05 7                 /m/counter_1.db": {0x100000023405, 7},
	} {
		if got, ok := parseMapping(line); !ok || got != want {
			t.Errorf("%s is %x, want %x", line, got, want)
		}
	}
	if _, ok := parseMapping("7f00-7f01 rw-p 00000000 00:00 0"); ok {
		t.Error("anonymous memory was taken for a file")
	}
}
