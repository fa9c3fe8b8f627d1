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
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestMain lets the test program be a compactor that dies between two
// instructions.
func TestMain(m *testing.M) {
	if dir := os.Getenv("MULTIPROC_TEST_COMPACT"); dir != "" {
		compactAndDie(dir)
	}
	os.Exit(m.Run())
}

func compactAndDie(dir string) {
	left, _ := strconv.Atoi(os.Getenv("MULTIPROC_TEST_STEPS"))
	r, err := NewReader(ReaderOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	r.step = func() {
		if left--; left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	if _, err := r.Compact(); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// deadPID is a number that no process has.
const deadPID = 1 << 23

// A shop is a directory with a living worker, this process, and dead ones.
type shop struct {
	t    *testing.T
	dir  string
	next int
	want samples
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, dir: t.TempDir(), next: deadPID, want: samples{"a_total": 0, "h_sum": 0, "h_count": 0}}
	name := fmt.Sprintf("counter_%d.db", os.Getpid())
	put(t, s.dir, name, padded(encode(narrow, counted("a_total", 1))))
	s.want["a_total"] = 1
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mapped, err := syscall.Mmap(int(f.Fd()), 0, 64<<10, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(mapped) })
	return s
}

// die leaves the files of a worker that is gone.
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
}

// check compares what a reader says with what was counted; what live gauges say
// depends on whether their files are still there.
func (s *shop) check(r *Reader, when string) {
	s.t.Helper()
	got := gather(s.t, r)
	maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") || name == "live" })
	if !maps.EqualFunc(got, s.want, near) {
		s.t.Fatalf("%s:\ngot  %v\nwant %v", when, got, s.want)
	}
}

func (s *shop) files() int {
	all, _ := filepath.Glob(s.dir + "/*.db*")
	return len(all)
}

// TestCompact: the dead go into archives, totals stay, for readers that were
// there before, for new ones, and for Python's.
func TestCompact(t *testing.T) {
	for _, of := range []layout{narrow, wide} {
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
			if err != nil || n != 40 {
				t.Fatalf("Compact says %d, %v", n, err)
			}
			s.check(r, "after")
			s.check(other, "after, by another")
			s.check(newReader(t, s.dir), "after, by a new one")
			if got := s.files(); got != 4 { // the living worker's, and three archives
				t.Errorf("round %d: %d files are left", round, got)
			}
		}
		if of == narrow { // what Debian's client reads
			theirs := parseText(t, runPython(t, "read", s.dir))
			maps.DeleteFunc(theirs, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") })
			if !maps.EqualFunc(theirs, s.want, near) {
				t.Errorf("Python says %v", theirs)
			}
		}
	}
}

// TestCompactLeavesTheLiving, and what it does not know.
func TestCompactLeavesTheLiving(t *testing.T) {
	s := newShop(t)
	put(t, s.dir, "counter_worker7.db", padded(encode(narrow, counted("a_total", 5))))
	put(t, s.dir, "README", []byte("mine"))
	s.want["a_total"] += 5
	delete(s.want, "h_sum")
	delete(s.want, "h_count")
	r := newReader(t, s.dir)
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact says %d, %v", n, err)
	}
	s.check(r, "after")
}

// TestCompactInvisible: where no process can be seen that writes, nobody is dead.
func TestCompactInvisible(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, fmt.Sprintf("counter_%d.db", os.Getpid()), padded(two())) // alive, but it has no such file open
	put(t, dir, fmt.Sprintf("counter_%d.db", deadPID), padded(two()))
	r := newReader(t, dir)
	if n, err := r.Compact(); n != 0 || !errors.Is(err, ErrInvisible) {
		t.Errorf("Compact says %d, %v", n, err)
	}
	checkSamples(t, gather(t, r), samples{"a_total": 2, "b_total": 4})
}

// TestCompactUnreadable: an archive that cannot be read is not written over, and
// what should go into it counts on where it is.
func TestCompactUnreadable(t *testing.T) {
	s := newShop(t)
	s.die(narrow)
	if err := os.Mkdir(filepath.Join(s.dir, "counter_archive.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, s.dir)
	for range 2 {
		if _, err := r.Compact(); err == nil || !strings.Contains(err.Error(), "counter_archive.db: not_regular") {
			t.Errorf("Compact says %v", err)
		}
		s.check(r, "after")
		s.check(newReader(t, s.dir), "after, a new one")
	}
	_ = os.Remove(filepath.Join(s.dir, "counter_archive.db"))
	_ = syscall.Mkfifo(filepath.Join(s.dir, "summary_archive.db"), 0o600) // holds nobody up
	if n, err := r.Compact(); n != 1 || err != nil {
		t.Errorf("Compact says %d, %v", n, err)
	}
	s.check(r, "at the end")
}

// TestCompactDamaged: of a damaged file what can be read is folded, and the file
// is kept aside.
func TestCompactDamaged(t *testing.T) {
	s := newShop(t)
	name := fmt.Sprintf("counter_%d.db", deadPID)
	put(t, s.dir, name, patched(encode(narrow, counted("a_total", 5), counted("b_total", 1)), len(encode(narrow, counted("a_total", 5)))+4, 'x'))
	s.want["a_total"] += 5
	delete(s.want, "h_sum")
	delete(s.want, "h_count")
	r := newReader(t, s.dir)
	if n, err := r.Compact(); n != 1 || err != nil {
		t.Errorf("Compact says %d, %v", n, err)
	}
	s.check(r, "after")
	if _, err := os.Stat(filepath.Join(s.dir, name+".damaged")); err != nil {
		t.Error(err)
	}
}

// TestCompactNumbersComeAgain: a file of the same name and inode as one that was
// folded long ago is another one.
func TestCompactNumbersComeAgain(t *testing.T) {
	s := newShop(t)
	r := newReader(t, s.dir)
	for range 5 {
		s.next = deadPID // the same number each time; file systems give the same inode, too
		s.die(narrow)
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
	s.die(narrow)
	unlock, err := lockDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t, s.dir)
	if _, err := r.Compact(); !errors.Is(err, ErrBusy) {
		t.Errorf("Compact says %v", err)
	}
	unlock()
	if n, err := r.Compact(); n != 4 || err != nil {
		t.Errorf("Compact says %d, %v", n, err)
	}
}

// TestCompactKilled: a compactor that dies between any two instructions, two
// hundred times, changes no total, neither for a reader that looks on nor for a
// new one, and the next one goes on where it was.
func TestCompactKilled(t *testing.T) {
	s := newShop(t)
	r := newReader(t, s.dir)
	random := rand.New(rand.NewPCG(1, 2))
	died := 0
	for range 200 {
		s.die(narrow)
		if random.IntN(3) == 0 {
			s.check(r, "before")
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "MULTIPROC_TEST_COMPACT="+s.dir, fmt.Sprintf("MULTIPROC_TEST_STEPS=%d", 1+random.IntN(26)))
		if out, err := cmd.CombinedOutput(); err != nil {
			if exit, ok := err.(*exec.ExitError); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("%v: %s", err, out)
			}
			died++
		}
		s.check(newReader(t, s.dir), "a new reader")
		s.check(r, "a reader that looks on")
	}
	if died < 100 {
		t.Errorf("only %d compactors died", died)
	}
	if _, err := r.Compact(); err != nil {
		t.Fatal(err)
	}
	s.check(r, "at the end")
	if got := s.files(); got != 4 {
		t.Errorf("%d files are left", got)
	}
	t.Logf("%d of 200 compactors died", died)
}

// TestCompactWhileReading: readers in other processes always see the truth. Here
// each has a Reader of its own, as they would.
func TestCompactWhileReading(t *testing.T) {
	s := newShop(t)
	for range 5 {
		s.die(narrow)
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
				last = got
			}
		})
	}
	compactor := newReader(t, s.dir)
	for range 200 {
		s.die(narrow)
		if _, err := compactor.Compact(); err != nil && !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
	s.check(compactor, "at the end")
}
