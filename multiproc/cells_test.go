//go:build unix

package multiproc

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
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
)

// openCells opens Cells and releases them at the end of the test.
func openCells(t *testing.T, dir string) *Cells {
	t.Helper()
	c, err := OpenCells(CellsOptions{Dir: dir, FailedFunc: func(err error) { t.Errorf("cells are in private memory: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// count creates a cell, and adds to its words.
func count(c *Cells, key CellKey, created int64, words ...uint64) []atomic.Uint64 {
	into := c.Add(key, len(words), created)
	for i, w := range words {
		into[i].Add(w)
	}
	return into
}

// cellSums are the expected sums of cells, by key.
type cellSums map[string]*Cell

func (s cellSums) add(key string, created int64, words ...uint64) {
	if s[key] == nil {
		s[key] = &Cell{CellKey: CellKey{Text: key}}
	}
	s[key].add(words, created)
}

func (s cellSums) text() map[string]string {
	all := map[string]string{}
	for key, c := range s {
		all[key] = fmt.Sprintf("%d since %d", c.Words, c.Created)
	}
	return all
}

// cellsIn returns the cells that a Reader shows, as text: [1 2] since 3. Keys of live ones end
// in a star.
func cellsIn(r *Reader) map[string]string {
	all := map[string]string{}
	r.Cells(func(cells []*Cell) {
		for _, c := range cells {
			name := c.Text
			if c.Live {
				name += "*"
			}
			if c.Seen {
				all[name] = fmt.Sprintf("%d since %d", c.Words, c.Created)
			}
		}
	})
	return all
}

func checkCells(t *testing.T, r *Reader, want map[string]string) {
	t.Helper()
	if got := cellsIn(r); !maps.Equal(got, want) {
		t.Errorf("\ngot  %v\nwant %v", got, want)
	}
}

// fallen scans, and returns which cells have fallen since the last scan, as live ones may.
func fallen(r *Reader) (what string) {
	r.Cells(func(cells []*Cell) {
		for _, c := range cells {
			last, _ := c.Data.([]uint64)
			for i, v := range last {
				if c.Words[i] < v && !c.Live {
					what = fmt.Sprintf("word %d of %q fell from %d to %d", i, c.Text, v, c.Words[i])
				}
			}
			c.Data = append(last[:0], c.Words...)
		}
	})
	return what
}

// directoryMetrics returns a Reader's metrics about the directory, by name and labels.
func directoryMetrics(t *testing.T, r *Reader) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += "," + l.GetValue()
			}
			all[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}

// A testWorker is another process of the service: the test program in a role. It reports what it
// has done and takes commands, line by line.
type testWorker struct {
	t    *testing.T
	in   io.WriteCloser
	out  *bufio.Scanner
	wait func() error
	kill func()
	pid  int
}

func startTestWorker(t *testing.T, role, dir string, args ...any) *testWorker {
	t.Helper()
	return startCommand(t, inRole(role, dir, args...))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *testWorker {
	t.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &testWorker{t: t, in: in, out: bufio.NewScanner(out), wait: sync.OnceValue(cmd.Wait), pid: cmd.Process.Pid}
	w.kill = func() {
		_ = cmd.Process.Kill()
		_ = w.wait()
	}
	t.Cleanup(w.kill)
	return w
}

// await waits until the worker prints a line.
func (w *testWorker) await(line string) {
	w.t.Helper()
	if !w.out.Scan() || w.out.Text() != line {
		w.t.Fatalf("the worker printed %q, %v, want %q", w.out.Text(), w.out.Err(), line)
	}
}

// tell sends a command, and waits until the worker has executed it.
func (w *testWorker) tell(line string) {
	w.t.Helper()
	if _, err := fmt.Fprintln(w.in, line); err != nil {
		w.t.Fatal(err)
	}
	w.await(line)
}

// end shuts the worker down.
func (w *testWorker) end() {
	w.t.Helper()
	_ = w.in.Close()
	if err := w.wait(); err != nil {
		w.t.Errorf("the worker ended with %v", err)
	}
}

// obey is the other side of testWorker: it executes commands until the input ends.
func obey(do map[string]func()) {
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		do[lines.Text()]()
		fmt.Println(lines.Text())
	}
}

// addCells is a worker with its own cells and some that others have, too.
func addCells(dir string) {
	n := uint64(argument(0))
	c, err := OpenCells(CellsOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	shared := count(c, CellKey{Text: "shared"}, int64(1000-n), n, 1)
	count(c, CellKey{Text: fmt.Sprint("own ", n)}, 7, n)
	count(c, CellKey{"live", true}, int64(n), n)
	count(c, CellKey{Text: "live"}, 8, 1) // a different cell with the same text
	count(c, CellKey{Text: "twice"}, 9, n)
	count(c, CellKey{Text: "twice"}, 5, 100)
	count(c, CellKey{Text: "long"}, 4, slices.Repeat([]uint64{1}, int(n))...)
	obey(map[string]func(){
		"more": func() { shared[1].Add(10) },
		"new":  func() { count(c, CellKey{Text: "new"}, 3, n) },
	})
}

// TestCellsOfProcesses: cells with the same key are summed over all processes, and a process may
// read its own from memory. Counts of a killed process remain; its live cells disappear.
func TestCellsOfProcesses(t *testing.T) {
	dir := t.TempDir()
	one, two, three := startTestWorker(t, "cells", dir, 1), startTestWorker(t, "cells", dir, 2), startTestWorker(t, "cells", dir, 3)
	for _, w := range []*testWorker{one, two, three} {
		w.await("ready")
	}
	c := openCells(t, dir)
	mine := count(c, CellKey{Text: "shared"}, 2000, 0, 0, 40)
	count(c, CellKey{"live", true}, 77, 5)
	own, err := NewReader(ReaderOptions{Dir: dir, Own: c})
	if err != nil {
		t.Fatal(err)
	}
	other := newReader(t, dir)
	want := map[string]string{
		"shared": "[6 3 40] since 997", "own 1": "[1] since 7", "own 2": "[2] since 7", "own 3": "[3] since 7",
		"live*": "[11] since 1", "live": "[3] since 8", "twice": "[306] since 5", "long": "[3 2 1] since 4",
	}
	check := func(when string, alive, dead int) {
		t.Helper()
		for name, r := range map[string]*Reader{"with its own": own, "another's": other, "a new one": newReader(t, dir)} {
			if got := cellsIn(r); !maps.Equal(got, want) {
				t.Errorf("%s, a reader, %s:\ngot  %v\nwant %v", when, name, got, want)
			}
			m := directoryMetrics(t, r)
			if m["tacho_multiproc_workers,alive"] != float64(alive) || m["tacho_multiproc_workers,dead"] != float64(dead) {
				t.Errorf("%s, a reader, %s, sees workers: %v", when, name, m)
			}
			checkDamage(t, r, "")
		}
	}
	check("at first", 4, 0)

	one.tell("more")
	mine[0].Add(1000)
	three.tell("new")
	want["shared"], want["new"] = "[1006 13 40] since 997", "[3] since 3"
	check("after more", 4, 0)

	three.tell("more")
	three.kill()
	want["shared"], want["live*"] = "[1006 23 40] since 997", "[8] since 1"
	check("after a kill", 3, 1)

	one.end()
	want["live*"] = "[7] since 2"
	check("after an end in order", 2, 2)

	two.kill()
	want["live*"] = "[5] since 77"
	check("alone", 1, 3)
	if n, err := other.Compact(); n != 3 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	check("after Compact", 1, 0)

	if err := c.Close(); err != nil {
		t.Error(err)
	}
	delete(want, "live*")
	checkCells(t, other, want)
}

// TestCellsOwn: a Reader with its process's cells does not read their file as well, and shows
// those that are in no file.
func TestCellsOwn(t *testing.T) {
	dir := t.TempDir()
	failed := 0
	c, err := OpenCells(CellsOptions{Dir: dir, FailedFunc: func(error) { failed++ }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	own, err := NewReader(ReaderOptions{Dir: dir, Own: c})
	if err != nil {
		t.Fatal(err)
	}
	huge := strings.Repeat("x", maxKey+1)
	for range 2 {
		count(c, CellKey{Text: "a"}, 5, 1, 2)
		count(c, CellKey{Text: huge}, 6, 3)
		count(c, CellKey{Text: "many"}, 6, make([]uint64, maxWords+1)...)
		count(c, CellKey{}, 6, 4)
	}
	if c.Private() != 6 || failed != 1 {
		t.Errorf("%d cells are private, reported %d times", c.Private(), failed)
	}
	checkCells(t, newReader(t, dir), map[string]string{"a": "[2 4] since 5"})
	for range 2 {
		got := cellsIn(own)
		if got["a"] != "[2 4] since 5" || got[huge] != "[6] since 6" || got[""] != "[8] since 6" || len(got) != 4 {
			t.Errorf("%d cells: %.100v", len(got), got)
		}
	}
	for _, r := range []*Reader{own, newReader(t, dir)} {
		m := directoryMetrics(t, r)
		for name, want := range map[string]float64{
			"tacho_multiproc_files": 1, "tacho_multiproc_bytes": 64 + 2*(16+8+16), "tacho_multiproc_private_cells": 6,
			"tacho_multiproc_workers,alive": 1, "tacho_multiproc_workers,dead": 0,
		} {
			if m[name] != want {
				t.Errorf("%s is %v, want %v", name, m[name], want)
			}
		}
	}
	all := c.Own()
	if len(all) != 8 || all[0].Text != "a" || all[0].Created != 5 || all[0].Words[1].Load() != 2 {
		t.Errorf("its own are %d", len(all))
	}
}

// TestTooLarge: no file exceeds the size that a reader accepts.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	var why error
	c, err := OpenCells(CellsOptions{Dir: dir, FailedFunc: func(err error) { why = err }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.used = maxCells - 30
	count(c, CellKey{Text: "a"}, 1, 1)
	if c.Private() != 1 || !errors.Is(why, errTooLarge) {
		t.Errorf("%d cells are private, because of %v", c.Private(), why)
	}
	p := NewPublisher(c, nil)
	publish(t, p, counterOf("a_total", 1))
	p.files[kind{name: "counter"}].used = math.MaxInt32 - 30
	if n := p.Publish([]*dto.MetricFamily{counterOf("a_total", 2), counterOf("b_total", 1)}); n != 1 {
		t.Errorf("%d samples are unwritten, want 1", n)
	}
	checkSamples(t, gather(t, newReader(t, dir)), samples{"a_total": 2})
}

// TestFailedFunc: FailedFunc may call methods of the Cells.
func TestFailedFunc(t *testing.T) {
	var c *Cells
	private := 0
	c, err := OpenCells(CellsOptions{Dir: t.TempDir(), FailedFunc: func(error) { private = c.Private() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	within(t, 30*time.Second, func() { c.Add(CellKey{}, 1, 1) })
	if private != 1 {
		t.Errorf("%d cells were private", private)
	}
}

// within fails the test if f takes too long.
func within(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatal("it hangs")
	}
}

// TestCellsGrow: while the file grows, the words of its first cells stay at their addresses, and
// a Reader that has read half of it reads the rest.
func TestCellsGrow(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	random := rand.New(rand.NewPCG(1, 2))
	warm := newReader(t, dir)
	want := cellSums{}
	words := make([][]atomic.Uint64, 20_000)
	keys := make([]string, len(words))
	for i := range words {
		n := 1 + random.IntN(300)
		keys[i] = strconv.Itoa(i%15_000) + strings.Repeat("k", i%15_000%40)
		words[i] = c.Add(CellKey{Text: keys[i]}, n, int64(1+i))
		if len(words[i]) != n {
			t.Fatalf("cell %d has %d words, want %d", i, len(words[i]), n)
		}
		want.add(keys[i], int64(1+i), make([]uint64, n)...)
		j := random.IntN(i + 1) // an existing one
		last := len(words[j]) - 1
		words[j][last].Add(uint64(i))
		want[keys[j]].Words[last] += uint64(i)
		if i%4000 == 3999 {
			checkSums(t, warm, want)
		}
	}
	for i := range words {
		words[i][0].Add(1)
		want[keys[i]].Words[0]++
	}
	checkSums(t, warm, want)
	checkSums(t, newReader(t, dir), want)
	if len(c.file.pieces) < 8 {
		t.Errorf("the file has grown in only %d pieces", len(c.file.pieces))
	}
	if n := fillers(t, cellsPath(dir, c.ID())); n < 3 {
		t.Errorf("there are only %d fillers", n)
	}
}

// checkSums is checkCells for results that are too large to print.
func checkSums(t *testing.T, r *Reader, want cellSums) {
	t.Helper()
	r.Cells(func(cells []*Cell) {
		for _, c := range cells {
			w := want[c.Text]
			if w == nil || !slices.Equal(c.Words, w.Words) || c.Created != w.Created || c.Live || !c.Seen {
				t.Fatalf("of %d cells, %q is %v since %d, want %v", len(cells), c.Text, c.Words, c.Created, w)
			}
		}
		if len(cells) != len(want) {
			t.Fatalf("there are %d cells, want %d", len(cells), len(want))
		}
	})
}

// fillers counts the fillers, by the documented layout.
func fillers(t *testing.T, path string) (n int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := int(binary.LittleEndian.Uint64(data[8:]))
	for at := 64; at < used; {
		key, words := int(binary.LittleEndian.Uint32(data[at:])), int(binary.LittleEndian.Uint32(data[at+4:])&0x7fffffff)
		if key == 0 {
			n++
			at += 8 + 8*words
		} else {
			at += 16 + (key+7)/8*8 + 8*words
		}
	}
	return n
}

// TestCellsAtTheEnd: of a piece, with any rest.
func TestCellsAtTheEnd(t *testing.T) {
	// The rest of the first piece, and of the second one if that is used.
	for left, want := range map[int]int{0: 1, 8: 2, 16: 2, 24: 2, 32: 0, 40: 1} {
		dir := t.TempDir()
		c := openCells(t, dir)
		first := c.Add(CellKey{Text: "a"}, (firstPiece-64-24-left)/8, 1)
		second := c.Add(CellKey{Text: "b"}, 1, 1) // of 32 bytes
		first[len(first)-1].Add(1)
		second[0].Add(2)
		third := count(c, CellKey{Text: "c"}, 1, slices.Repeat([]uint64{3}, maxWords)...) // more than a piece
		got := cellsIn(newReader(t, dir))
		if n := len(third); got["b"] != "[2] since 1" || !strings.HasSuffix(got["a"], " 1] since 1") || len(got["c"]) != 2*n+1+len(" since 1") {
			t.Errorf("%d bytes left: b is %s, a and c have %d and %d bytes", left, got["b"], len(got["a"]), len(got["c"]))
		}
		if n := fillers(t, cellsPath(dir, c.ID())); n != want {
			t.Errorf("%d bytes left: %d fillers, want %d", left, n, want)
		}
	}
}

// TestCellsAtOnce: several goroutines add, count and read cells, and a reader never reports
// damage of a growing file.
func TestCellsAtOnce(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	own, err := NewReader(ReaderOptions{Dir: dir, Own: c})
	if err != nil {
		t.Fatal(err)
	}
	const adders, each = 4, 3000
	var adding, reading sync.WaitGroup
	for i := range adders {
		adding.Go(func() {
			for j := range each {
				words := c.Add(CellKey{Text: strconv.Itoa(j % 50)}, 1+j%30, 1)
				for k := range words {
					words[k].Add(uint64(i + 1))
				}
			}
		})
	}
	stop := make(chan struct{})
	for _, r := range []*Reader{own, newReader(t, dir), newReader(t, dir)} {
		reading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if what := fallen(r); what != "" {
					t.Error(what)
					return
				}
				checkDamage(t, r, "")
			}
		})
	}
	adding.Wait()
	close(stop)
	reading.Wait()
	want := cellSums{}
	for j := range each {
		want.add(strconv.Itoa(j%50), 1, slices.Repeat([]uint64{1 + 2 + 3 + 4}, 1+j%30)...)
	}
	checkSums(t, own, want)
	checkSums(t, newReader(t, dir), want)
}

// TestGrownSinceOpened: a file that grows between being opened and being read is not damaged.
func TestGrownSinceOpened(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	p := NewPublisher(c, nil)
	publish(t, p, counterOf("a_total", 1))
	for i := range 3 {
		for _, name := range []string{"counter_" + c.ID() + ".db", "tacho_" + c.ID() + ".cells"} {
			k, id, _ := parseName(name)
			f := &file{name: name, kind: k, id: id}
			in, why := f.open(filepath.Join(dir, name))
			if in == nil {
				t.Fatal(why)
			}
			count(c, CellKey{Text: fmt.Sprint("cell ", i)}, 1, make([]uint64, 60_000)...)
			publish(t, p, counterOf("a_total", 1, "long", strings.Repeat("x", 100_000)+fmt.Sprint(i)))
			m := newMerged(100)
			f.read(in, m, &buffer{})
			if len(f.damage) > 0 {
				t.Errorf("%s: damage: %v", name, f.damage)
			}
			if len(f.cells)+len(f.entries) < 2 {
				t.Errorf("%s: there are %d entries", name, len(f.cells)+len(f.entries))
			}
			_ = in.Close()
		}
	}
}

// TestOpenCellsAgain: further Cells of the process use directories of their own, even if all are
// opened at the same time.
func TestOpenCellsAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	first, second, third := openCells(t, dir), openCells(t, dir), openCells(t, dir)
	for i, c := range []*Cells{first, second, third} {
		want := []string{dir, dir + "/2", dir + "/3"}[i]
		if c.Dir() != want || c.ID() != first.ID() {
			t.Errorf("%s is in %s, want %s", c.ID(), c.Dir(), want)
		}
		count(c, CellKey{Text: "a"}, 1, uint64(i+1))
		checkCells(t, newReader(t, c.Dir()), map[string]string{"a": fmt.Sprintf("[%d] since 1", i+1)})
	}

	dir = t.TempDir()
	var opening sync.WaitGroup
	all := make([]*Cells, 20)
	for i := range all {
		opening.Go(func() { all[i], _ = OpenCells(CellsOptions{Dir: dir}) })
	}
	opening.Wait()
	dirs := map[string]bool{}
	for _, c := range all {
		if c == nil || c.Private() > 0 {
			t.Fatalf("%v at once", c)
		}
		t.Cleanup(func() { _ = c.Close() })
		count(c, CellKey{Text: "a"}, 1, 1)
		checkCells(t, newReader(t, c.Dir()), map[string]string{"a": "[1] since 1"})
		dirs[c.Dir()] = true
	}
	if len(dirs) != len(all) || !dirs[dir] || !dirs[dir+"/20"] {
		t.Errorf("they are in %v", dirs)
	}
}

func TestOpenCellsRefuses(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", nil)
	for o, word := range map[string]string{
		"":                                 "CellsOptions.Dir is missing",
		filepath.Join(dir, "file"):         filepath.Join(dir, "file"),
		filepath.Join(dir, "file", "more"): filepath.Join(dir, "file"),
	} {
		if c, err := OpenCells(CellsOptions{Dir: o}); c != nil || err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v, want %s", err, word)
		}
	}
}

// TestReusedPIDs: a process that had this PID before, or has it in another container, is a
// different process, and dead.
func TestReusedPIDs(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	count(c, CellKey{Text: "a"}, 50, 1)
	count(c, CellKey{"live", true}, 50, 1)
	if n := NewPublisher(c, nil).Publish([]*dto.MetricFamily{counterOf("a_total", 1), gaugeOf("live", 1)}); n > 0 {
		t.Fatalf("%d samples are missing", n)
	}
	pid, start, namespace, _ := parseID(c.ID())
	for _, id := range []string{
		fmt.Sprintf("%d-%d-%d-0", pid, start+1, namespace),
		fmt.Sprintf("%d-%d-%d-0", pid, start, namespace+1),
		fmt.Sprintf("%d-%d-%d-1", pid, start, namespace), // this process before exec
	} {
		put(t, dir, "tacho_"+id+".cells", encodeCells(cellItem{"a", false, 40, []uint64{10}}, cellItem{"live", true, 40, []uint64{10}}))
		put(t, dir, "counter_"+id+".db", padded(encode(valueOnly, counted("a_total", 10))))
		put(t, dir, "gauge_liveall_"+id+".db", padded(encode(valueOnly, counted("all", 10))))
		put(t, dir, "gauge_max_"+id+".db", padded(encode(valueOnly, counted("most", 10))))
	}
	r := newReader(t, dir)
	check := func(when string, alive, dead float64) {
		t.Helper()
		for _, r := range []*Reader{r, newReader(t, dir)} {
			checkCells(t, r, map[string]string{"a": "[31] since 40", "live*": "[1] since 50"})
			checkSamples(t, gather(t, r), samples{"a_total": 31, "most": 10, "live": 1})
			if m := directoryMetrics(t, r); m["tacho_multiproc_workers,alive"] != alive || m["tacho_multiproc_workers,dead"] != dead {
				t.Errorf("%s: %v", when, m)
			}
		}
	}
	check("before", 1, 3)
	if n, err := r.Compact(); n != 12 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	check("after", 1, 0)
	for _, path := range []string{cellsPath(dir, c.ID()), filepath.Join(dir, "counter_"+c.ID()+".db"), filepath.Join(dir, "gauge_livesum_"+c.ID()+".db")} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("a locked file was merged: %v", err)
		}
	}
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
}

// TestProcessesOfOtherContainers: a process of another container is alive, although its PID is a
// different process here.
func TestProcessesOfOtherContainers(t *testing.T) {
	dir := t.TempDir()
	pid, start, namespace, _ := parseID(processID(0))
	for id, want := range map[string]bool{
		fmt.Sprintf("%d-%d-%d-0", pid, start, namespace):   true,
		fmt.Sprintf("%d-%d-%d-0", pid, start, namespace+1): false,
		fmt.Sprintf("%d-%d-%d-0", pid, start+1, namespace): false,
	} {
		path := cellsPath(dir, id)
		put(t, dir, filepath.Base(path), twoCells())
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := lockFile(f); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(ReaderOptions{Dir: dir, Processes: true})
		if err != nil {
			t.Fatal(err)
		}
		m := directoryMetrics(t, r)
		_, shown := m[fmt.Sprintf("tacho_multiproc_worker_cpu_seconds_total,%d", pid)]
		if _, known := usageOf(pid); shown != (want && known) || m["tacho_multiproc_workers,alive"] != 1 {
			t.Errorf("%s is shown: %v; %v", id, shown, m)
		}
		_ = f.Close()
		_ = os.Remove(path)
	}
}

// countAndExec counts, and executes another program, which counts again.
func countAndExec(dir string) {
	left := argument(0)
	c, err := OpenCells(CellsOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	count(c, CellKey{Text: "a"}, int64(1+left), 1)
	count(c, CellKey{"live", true}, 1, 1)
	if left > 0 {
		panic(syscall.Exec(os.Args[0], []string{os.Args[0], strconv.Itoa(left - 1)}, os.Environ()))
	}
	fmt.Println(c.ID(), c.Dir())
	obey(nil)
}

// TestExec: exec keeps the PID and the start time. The earlier program is dead.
func TestExec(t *testing.T) {
	dir := t.TempDir()
	w := startTestWorker(t, "exec", dir, 2)
	w.await(fmt.Sprintf("%d-%d-%d-2 %s", w.pid, startTicks(w.pid), pidNamespace(), dir))
	w.await("ready")
	r := newReader(t, dir)
	want := map[string]string{"a": "[3] since 1", "live*": "[1] since 1"}
	checkCells(t, r, want)
	if n, err := newReader(t, dir).Compact(); n != 2 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	checkCells(t, r, want)
	checkCells(t, newReader(t, dir), want)
	w.kill()
	delete(want, "live*")
	checkCells(t, r, want)
	checkCells(t, newReader(t, dir), want)
}

// TestCloseCells: a process that has closed its Cells is dead to others.
func TestCloseCells(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	count(c, CellKey{Text: "a"}, 1, 1)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	again := openCells(t, dir)
	if again.Dir() != dir || again.ID() == c.ID() {
		t.Errorf("%s is in %s", again.ID(), again.Dir())
	}
	count(again, CellKey{Text: "a"}, 1, 2)
	r := newReader(t, dir)
	if n, err := r.Compact(); n != 1 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	checkCells(t, r, map[string]string{"a": "[3] since 1"})
}
