//go:build unix

package multiproc

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/long"
)

// Roles of the test program in other processes, which tests start, command and kill. Each gets
// the directory.
var roles = map[string]func(dir string){
	"compact": compactAndDie,
	"count":   countAndReport,
	"exec":    countAndExec,
	"cells":   addCells,
	"publish": publishAndObey,
	"map":     mapAndObey,
	"unseen":  readUnseen,
}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv("MULTIPROC_TEST_ROLE")]; ok {
		role(os.Getenv("MULTIPROC_TEST_DIR"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inRole returns a command for the test program in a role, with arguments.
func inRole(role, dir string, args ...any) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	for _, a := range args {
		cmd.Args = append(cmd.Args, fmt.Sprint(a))
	}
	cmd.Env = append(os.Environ(), "MULTIPROC_TEST_ROLE="+role, "MULTIPROC_TEST_DIR="+dir,
		"GORACE=atexit_sleep_ms=0") // programs with the race detector end a second later
	return cmd
}

// argument returns a numeric argument of a role.
func argument(i int) int {
	n, err := strconv.Atoi(os.Args[1+i])
	if err != nil {
		panic(err)
	}
	return n
}

// compactAndDie is a compactor that dies between two steps.
func compactAndDie(dir string) {
	left := argument(0)
	r, err := NewReader(ReaderOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	r.beforeStep = func() {
		if left--; left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	if _, err := r.Compact(); err != nil {
		panic(err)
	}
}

// deadPID is a PID that no process has.
const deadPID = 1 << 23

// A shop is a directory with a living worker, this process, and dead ones.
type shop struct {
	t     *testing.T
	dir   string
	next  int
	want  samples
	cells cellSums
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), next: deadPID, want: samples{"a_total": 0, "h_sum": 0, "h_count": 0}, cells: cellSums{}}
	name := fmt.Sprintf("counter_%d.db", os.Getpid())
	put(t, s.dir, name, padded(encode(valueOnly, counted("a_total", 1))))
	s.want["a_total"] = 1
	mapped, err := mapFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(mapped) })
	return s
}

// mapFile maps a file as Python's client does.
func mapFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return syscall.Mmap(int(f.Fd()), 0, 64<<10, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

// filesOfDead is how many files die leaves.
const filesOfDead = 9

// die leaves the files of a dead worker and of a dead Go process.
func (s *shop) die(of layout) {
	s.next++
	n := float64(s.next % 7)
	id := strconv.Itoa(s.next)
	series := fmt.Sprintf("b%d_total", s.next%5)
	put(s.t, s.dir, "counter_"+id+".db", padded(encode(of, counted("a_total", n), counted(series, 1))))
	put(s.t, s.dir, "histogram_"+id+".db", padded(encode(of,
		item{jsonKey("h", "h_sum", "Help."), n, 0},
		item{jsonKey("h", "h_bucket", "Help.", "le", "1.0"), 2, 0}, item{jsonKey("h", "h_bucket", "Help.", "le", "+Inf"), 1, 0})))
	put(s.t, s.dir, "gauge_max_"+id+".db", padded(encode(of, item{jsonKey("g", "g", "Help."), n, 0})))
	put(s.t, s.dir, "gauge_livesum_"+id+".db", padded(encode(of, item{jsonKey("live", "live", "Help."), n, 0})))
	s.want["a_total"] += n
	s.want[series]++
	s.want["h_sum"] += n
	s.want["h_count"] += 3
	s.want[`h_bucket{le="1"}`] += 2
	s.want[`h_bucket{le="+Inf"}`] += 3
	s.want["g"] = max(s.want["g"], n)
	s.dieInGo(n)
}

// dieInGo leaves the files of a dead Go process: it writes them like a living one, and releases
// them.
func (s *shop) dieInGo(n float64) {
	s.t.Helper()
	c := &Cells{dir: s.dir, id: fmt.Sprintf("%d-1-1-0", s.next)}
	if err := c.create(cellsPath(c.dir, c.id)); err != nil {
		s.t.Fatal(err)
	}
	created := int64(1e9 - s.next%100)
	count := func(key string, words ...uint64) {
		into := c.Add(CellKey{Text: key}, len(words), created)
		for i, w := range words {
			into[i].Add(w)
		}
		s.cells.add(key, created, words...)
	}
	count("requests", uint64(n), 1)
	count(fmt.Sprintf("series %03d", s.next*37%200), 1) // sorts between others in the archive
	c.Add(CellKey{"in flight", true}, 1, 1)[0].Add(5)

	p := NewPublisher(c, map[string]string{"g": "max"})
	missing := p.Publish([]*dto.MetricFamily{
		add(newFamily("a_total", "Help.", dto.MetricType_COUNTER), n),
		histogramOf("h", n, 3, bound(1, 2)),
		add(gauge("g", "Help."), n),
		add(gauge("live_in_go", "Help."), 1),
	})
	if missing > 0 {
		s.t.Fatalf("%d samples are missing", missing)
	}
	s.want["a_total"] += n
	s.want["h_sum"] += n
	s.want["h_count"] += 3
	s.want[`h_bucket{le="1"}`] += 2
	s.want[`h_bucket{le="+Inf"}`] += 3
	endProcess(c, p)
}

// endProcess simulates the end of a process.
func endProcess(c *Cells, p *Publisher) {
	for _, s := range p.files {
		s.file.close()
	}
	c.file.close()
}

// check compares a reader's values with the counts; live gauges depend on whether their files
// still exist.
func (s *shop) check(r *Reader, when string) {
	s.t.Helper()
	got := gather(s.t, r)
	maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") || name == "live" })
	if !maps.EqualFunc(got, s.want, near) {
		s.t.Fatalf("%s:\ngot  %v\nwant %v", when, got, s.want)
	}
	if got, want := cellsIn(r), s.cells.text(); !maps.Equal(got, want) {
		s.t.Fatalf("%s:\ngot  %v\nwant %v", when, got, want)
	}
}

func (s *shop) files() int {
	all, _ := filepath.Glob(s.dir + "/*.db*")
	cells, _ := filepath.Glob(s.dir + "/*.cells*")
	return len(all) + len(cells)
}

// TestCompact: the files of dead processes go into archives and totals stay the same, for
// existing readers, for new ones, and for Python's.
func TestCompact(t *testing.T) {
	for _, of := range []layout{valueOnly, withTimestamp} {
		s := newShop(t)
		r := newReader(t, s.dir)
		for round := range 3 {
			for range 10 {
				s.die(of)
			}
			s.check(r, "before")
			other := newReader(t, s.dir)
			s.check(other, "before")
			n, err := r.Compact()
			if err != nil || n != 10*filesOfDead {
				t.Fatalf("Compact() = %d, %v", n, err)
			}
			s.check(r, "after")
			s.check(other, "after, by another")
			s.check(newReader(t, s.dir), "after, by a new one")
			if got := s.files(); got != 5 { // the living worker's, and four archives
				t.Errorf("round %d: %d files are left", round, got)
			}
		}
		if of == valueOnly { // the layout that Debian's client reads
			theirs := parseText(t, runPython(t, "read", s.dir))
			maps.DeleteFunc(theirs, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") })
			if !maps.EqualFunc(theirs, s.want, near) {
				t.Errorf("Python has %v", theirs)
			}
		}
	}
}

// TestCompactLeavesTheLiving: and unknown files.
func TestCompactLeavesTheLiving(t *testing.T) {
	s := newShop(t)
	put(t, s.dir, "counter_worker7.db", padded(encode(valueOnly, counted("a_total", 5))))
	put(t, s.dir, "README", []byte("mine"))
	s.want["a_total"] += 5
	delete(s.want, "h_sum")
	delete(s.want, "h_count")
	r := newReader(t, s.dir)
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	s.check(r, "after")
}

// TestCompactLivenessUnknown: if no writing process can be seen, none is taken for dead.
func TestCompactLivenessUnknown(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, fmt.Sprintf("counter_%d.db", os.Getpid()), padded(two())) // alive, but without this file open
	put(t, dir, fmt.Sprintf("counter_%d.db", deadPID), padded(two()))
	r := newReader(t, dir)
	if n, err := r.Compact(); n != 0 || !errors.Is(err, ErrLivenessUnknown) {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	checkSamples(t, gather(t, r), samples{"a_total": 2, "b_total": 4})
}

// TestCompactUnreadable: an unreadable archive is not overwritten, and files for it keep
// counting in place.
func TestCompactUnreadable(t *testing.T) {
	s := newShop(t)
	s.die(valueOnly)
	if err := os.Mkdir(filepath.Join(s.dir, "counter_archive.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, s.dir)
	for range 2 {
		if _, err := r.Compact(); err == nil || !strings.Contains(err.Error(), "counter_archive.db: not_regular") {
			t.Errorf("Compact returned %v", err)
		}
		s.check(r, "after")
		s.check(newReader(t, s.dir), "after, a new one")
	}
	_ = os.Remove(filepath.Join(s.dir, "counter_archive.db"))
	_ = syscall.Mkfifo(filepath.Join(s.dir, "summary_archive.db"), 0o600) // must not block
	if n, err := r.Compact(); n != 2 || err != nil {                      // the counters
		t.Errorf("Compact() = %d, %v", n, err)
	}
	s.check(r, "at the end")
}

// TestCompactDamaged: the readable part of a damaged file is merged, and the file is kept.
func TestCompactDamaged(t *testing.T) {
	s := newShop(t)
	name := fmt.Sprintf("counter_%d.db", deadPID)
	put(t, s.dir, name, patched(encode(valueOnly, counted("a_total", 5), counted("b_total", 1)), len(encode(valueOnly, counted("a_total", 5)))+4, 'x'))
	s.want["a_total"] += 5
	delete(s.want, "h_sum")
	delete(s.want, "h_count")
	r := newReader(t, s.dir)
	if n, err := r.Compact(); n != 1 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	s.check(r, "after")
	if _, err := os.Stat(filepath.Join(s.dir, name+".damaged")); err != nil {
		t.Error(err)
	}
}

// TestCompactReusedPIDs: a file with the name and inode of one that was merged long ago is a
// different file.
func TestCompactReusedPIDs(t *testing.T) {
	s := newShop(t)
	r := newReader(t, s.dir)
	for range 5 {
		s.next = deadPID // the same PID each time; file systems reuse the inode, too
		s.die(valueOnly)
		s.check(r, "before")
		if _, err := r.Compact(); err != nil {
			t.Fatal(err)
		}
		s.check(r, "after")
		s.check(newReader(t, s.dir), "after, a new one")
	}
}

func TestCompactBusy(t *testing.T) {
	s := newShop(t)
	s.die(valueOnly)
	unlock, err := lockExclusive(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t, s.dir)
	if _, err := r.Compact(); !errors.Is(err, ErrBusy) {
		t.Errorf("Compact returned %v", err)
	}
	unlock()
	if n, err := r.Compact(); n != filesOfDead || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
}

// TestCompactKilled: a compactor dies between any two steps, again and again. No total changes,
// for an existing reader or a new one, and the next compactor resumes.
func TestCompactKilled(t *testing.T) {
	s := newShop(t)
	r := newReader(t, s.dir)
	random := rand.New(rand.NewPCG(1, 2))
	died := 0
	compactors := long.Form(t, 40, 200, "compactors")
	for range compactors {
		s.die(valueOnly)
		if random.IntN(3) == 0 {
			s.check(r, "before")
		}
		if out, err := inRole("compact", s.dir, 1+random.IntN(90)).CombinedOutput(); err != nil {
			if exit, ok := err.(*exec.ExitError); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("%v: %s", err, out)
			}
			died++
		}
		s.check(newReader(t, s.dir), "a new reader")
		s.check(r, "an existing reader")
	}
	if least := max(compactors/4, compactors-100); died < least {
		t.Errorf("only %d compactors died", died)
	}
	if _, err := r.Compact(); err != nil {
		t.Fatal(err)
	}
	s.check(r, "at the end")
	if got := s.files(); got != 5 {
		t.Errorf("%d files are left", got)
	}
	t.Logf("%d of %d compactors died", died, compactors)
}

// TestCompactWhileReading: readers in other processes always get correct totals. Here each has
// its own Reader.
func TestCompactWhileReading(t *testing.T) {
	s := newShop(t)
	for range 5 {
		s.die(valueOnly)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			r := newReader(t, s.dir)
			last := samples{}
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := gather(t, r)
				for _, name := range []string{"a_total", "h_sum", "h_count", "b1_total"} {
					if got[name] < last[name] {
						t.Errorf("%s fell from %v to %v", name, last[name], got[name])
						return
					}
				}
				if what := fallen(r); what != "" {
					t.Error(what)
					return
				}
				last = got
			}
		})
	}
	compactor := newReader(t, s.dir)
	for range long.Form(t, 25, 100, "rounds") {
		s.die(valueOnly)
		if _, err := compactor.Compact(); err != nil && !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	s.check(compactor, "at the end")
}

// TestCompactWhileListing: listing a large directory is not atomic. The listing may have neither
// name of a file that is being renamed, which must still count once, for existing and new
// readers.
func TestCompactWhileListing(t *testing.T) {
	dir := t.TempDir()
	for i := range 3000 {
		put(t, dir, fmt.Sprintf("something else %d", i), nil)
	}
	const rounds, each = 40, 4
	var exists atomic.Int64 // number of visible files
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 2 {
		readers.Go(func() {
			r := newReader(t, dir)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if i == 0 {
					r = newReader(t, dir)
				}
				least := exists.Load()
				var got int64
				r.Cells(func(cells []*Cell) {
					for _, c := range cells {
						got += int64(c.Words[0])
					}
				})
				if got < least || got > rounds*each {
					t.Errorf("there are %d, want %d or more (a new reader: %v)", got, least, i == 0)
					return
				}
			}
		})
	}
	compactor := newReader(t, dir)
	for round := range rounds {
		for i := range each {
			put(t, dir, fmt.Sprintf("tacho_%d-1-1-%d.cells", i+1, round), encodeCells(cellItem{"a", false, 1, []uint64{1}}))
			exists.Add(1)
		}
		for {
			n, err := compactor.Compact()
			if err != nil && !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
			if n > 0 || err == nil {
				break
			}
		}
	}
	close(stop)
	readers.Wait()
	checkCells(t, newReader(t, dir), map[string]string{"a": fmt.Sprintf("[%d] since 1", rounds*each)})
}

// TestListingIncomplete: a listing lacks a file that is being renamed, but not a new one.
func TestListingIncomplete(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "tacho_1-1-1-0.cells", twoCells())
	put(t, dir, "tacho_2-1-1-0.cells.folding.1", twoCells())
	put(t, dir, "compact.lock", nil)
	r := newReader(t, dir)
	_ = cellsIn(r)
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, true} {
		if got := r.listingIncomplete(slices.Delete(slices.Clone(all), i, i+1)); got != want {
			t.Errorf("without %s: %v", all[i].Name(), got)
		}
	}
	put(t, dir, "tacho_3-1-1-0.cells", twoCells())
	if r.listingIncomplete(all) {
		t.Error("a new file was taken for a missed one")
	}
	put(t, dir, "tacho_4-1-1-0.cells.folding.1", twoCells())
	if !r.listingIncomplete(all) {
		t.Error("a file that is being merged was taken for a new one")
	}
	if err := os.Rename(filepath.Join(dir, "tacho_2-1-1-0.cells.folding.1"), filepath.Join(dir, "tacho_2-1-1-0.cells")); err != nil {
		t.Fatal(err)
	}
	if !r.listingIncomplete(all[:2]) {
		t.Error("a file with its name restored was taken for a new one")
	}
}

// TestCompactEverySecond: an archive may have the inode of the last but one, with other entries
// at the same offsets.
func TestCompactEverySecond(t *testing.T) {
	s := newShop(t)
	r := newReader(t, s.dir)
	compactor := newReader(t, s.dir)
	for range 20 {
		for range 2 {
			s.die(valueOnly)
			if _, err := compactor.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		s.check(r, "after two more archives")
	}
}

// TestCompactGoWithUnknownLiveness: a dead Go process is recognized even if the liveness of the
// others is unknown.
func TestCompactGoWithUnknownLiveness(t *testing.T) {
	s := newShop(t)
	removeAll(s.dir)
	put(t, s.dir, fmt.Sprintf("counter_%d.db", deadPID), padded(two()))
	maps.Copy(s.want, samples{"a_total": 1, "b_total": 2, "g": 3})
	s.dieInGo(3)
	r := newReader(t, s.dir)
	for i := range 2 {
		if n, err := r.Compact(); n != (filesOfDead-4)*(1-i) || !errors.Is(err, ErrLivenessUnknown) {
			t.Errorf("Compact() = %d, %v", n, err)
		}
		s.check(r, "after")
		s.check(newReader(t, s.dir), "after, a new one")
	}
}

// TestCompactRemovesLeftovers: files that were being created by dead processes are removed after
// a minute, unless they are not ours.
func TestCompactRemovesLeftovers(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * time.Minute)
	for name, c := range map[string]struct {
		old, stays bool
	}{
		"tacho_7-1-1-0.cells.new":    {old: true},
		"tacho_archive.cells.new":    {old: true},
		"counter_7-1-1-0.db.new":     {old: true},
		"gauge_max_archive.db.new":   {old: true},
		"tacho_8-1-1-0.cells.new":    {stays: true},
		"histogram_8-1-1-0.db.new":   {stays: true},
		"README.new":                 {old: true, stays: true},
		"gauge_median_7-1-1.db.new":  {old: true, stays: true},
		"tacho_7-1-1-0.cells.newest": {old: true, stays: true},
	} {
		put(t, dir, name, []byte("x"))
		if c.old {
			if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := newReader(t, dir).Compact(); n != 0 || err != nil {
			t.Errorf("Compact() = %d, %v", n, err)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); c.stays != (err == nil) {
			t.Errorf("%s: stays %v, and %v", name, c.stays, err)
		}
	}
}

// TestCompactThousand: a thousand ended workers leave no more to read than a few with the same
// series: the time of a scrape depends on the living ones.
func TestCompactThousand(t *testing.T) {
	left := func(dead int) (files int, used int64) {
		s := newShop(t)
		for range dead {
			s.die(valueOnly)
		}
		r := newReader(t, s.dir)
		if _, err := r.Compact(); err != nil {
			t.Fatal(err)
		}
		s.check(r, fmt.Sprintf("%d dead, compacted", dead))
		return s.files(), r.report.bytes
	}
	many := long.Form(t, 300, 1000, "dead workers")
	const few = 200 // they have all series
	fewFiles, fewBytes := left(few)
	manyFiles, manyBytes := left(many)
	if manyFiles != fewFiles || manyBytes != fewBytes {
		t.Errorf("%d workers leave %d files and %d bytes to read, %d leave %d and %d", many, manyFiles, manyBytes, few, fewFiles, fewBytes)
	}
}
