package multiproc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// smallDisk mounts a small file system in memory.
func smallDisk(t *testing.T, kib int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib)); err != nil {
		t.Fatalf("mounting a small tmpfs: %v; this test needs root, such as: sudo make test", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill fills the disk with a file, except for some KiB.
func fill(t *testing.T, dir string, left int64) (free func()) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "ballast", []byte(strings.Repeat("x", int(int64(st.Bavail)*int64(st.Bsize)-left<<10))))
	return func() {
		if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
			t.Fatal(err)
		}
	}
}

// openFull opens Cells on a disk that is or becomes full, and checks that FailedFunc is called
// once.
func openFull(t *testing.T, dir string) *Cells {
	t.Helper()
	failed := 0
	c, err := OpenCells(CellsOptions{Dir: dir, FailedFunc: func(err error) {
		failed++
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the reason is %v", err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		if failed != 1 {
			t.Errorf("FailedFunc was called %d times", failed)
		}
	})
	return c
}

func ownReader(t *testing.T, c *Cells) *Reader {
	t.Helper()
	r, err := NewReader(ReaderOptions{Dir: c.Dir(), Own: c})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkMetric compares a metric about the directory.
func checkMetric(t *testing.T, name string, want float64, readers ...*Reader) {
	t.Helper()
	for i, r := range readers {
		if got := directoryMetrics(t, r)[name]; got != want {
			t.Errorf("%s of reader %d is %v, want %v", name, i, got, want)
		}
		checkDamage(t, r, "")
	}
}

// TestDiskGetsFull: counting goes on. Others see the cells that found space; their own process
// sees the rest. New cells use space that is free again.
func TestDiskGetsFull(t *testing.T) {
	dir := smallDisk(t, 96)
	free := fill(t, dir, 80)
	c := openFull(t, dir)
	own, other := ownReader(t, c), newReader(t, dir)
	wantOwn := cellSums{}
	one := make([]uint64, 125) // a kilobyte with its key
	for i := range one {
		one[i] = 1
	}
	for i := range 200 {
		key := fmt.Sprintf("cell %03d", i)
		count(c, CellKey{Text: key}, 1, one...)
		wantOwn.add(key, 1, one...)
	}
	private := c.Private()
	if private != 200-79 {
		t.Errorf("%d cells are private", private)
	}
	for _, x := range c.Own() { // in the file or in memory
		for i := range x.Words {
			x.Words[i].Add(2)
			wantOwn[x.Text].Words[i] += 2
		}
	}
	wantOther := cellSums{}
	for i := range 200 - private {
		key := fmt.Sprintf("cell %03d", i)
		wantOther.add(key, 1, wantOwn[key].Words...)
	}
	checkSums(t, own, wantOwn)
	checkSums(t, other, wantOther)
	checkMetric(t, "tacho_multiproc_private_cells", float64(private), own, other)

	free()
	for i := range 10 {
		key := fmt.Sprintf("later %d", i)
		count(c, CellKey{Text: key}, 1, 7)
		wantOwn.add(key, 1, 7)
		wantOther.add(key, 1, 7)
	}
	checkSums(t, own, wantOwn)
	checkSums(t, other, wantOther)
	checkSums(t, newReader(t, dir), wantOther)
	checkMetric(t, "tacho_multiproc_private_cells", float64(private), own, other)
}

// TestDiskIsFull: without any space, everything is private, and no file is left behind. The file
// is created once there is space.
func TestDiskIsFull(t *testing.T) {
	dir := smallDisk(t, 96)
	free := fill(t, dir, 0)
	c := openFull(t, dir)
	own, other := ownReader(t, c), newReader(t, dir)
	before := count(c, CellKey{Text: "before"}, 1, 1)
	p := NewPublisher(c, nil)
	families := []*dto.MetricFamily{counterOf("a_total", 1), histogramOf("h", 1, 1, bound(1, 1))}
	if n := p.Publish(families); n != 4 {
		t.Errorf("%d samples are unwritten, want 4", n)
	}
	want := map[string]string{"before": "[1] since 1"}
	checkCells(t, own, want)
	checkCells(t, other, nil)
	checkMetric(t, "tacho_multiproc_private_cells", 1, own)
	checkMetric(t, "tacho_multiproc_unwritten_samples", 4, own)
	if files, _ := filepath.Glob(dir + "/*_*"); len(files) > 0 {
		t.Errorf("there are %v", files)
	}

	free()
	count(c, CellKey{Text: "after"}, 1, 2)
	before[0].Add(10)
	checkCells(t, own, map[string]string{"before": "[11] since 1", "after": "[2] since 1"})
	checkCells(t, other, map[string]string{"after": "[2] since 1"})
	checkMetric(t, "tacho_multiproc_private_cells", 1, own, other)
	checkMetric(t, "tacho_multiproc_unwritten_samples", 4, own, other)
	publish(t, p, families...)
	checkMetric(t, "tacho_multiproc_unwritten_samples", 0, own, other)
	checkSamples(t, gather(t, other), samples{"a_total": 1, "h_sum": 1, "h_count": 1, `h_bucket{le="1"}`: 1, `h_bucket{le="+Inf"}`: 1})
}

// TestPublisherCreatesTheFile: without the cell file, published metrics would count as those of
// a dead process.
func TestPublisherCreatesTheFile(t *testing.T) {
	dir := smallDisk(t, 96)
	free := fill(t, dir, 0)
	c := openFull(t, dir)
	c.Add(CellKey{Text: "private"}, 1, 1)
	free()
	p, r := NewPublisher(c, nil), newReader(t, dir)
	publish(t, p, gaugeOf("g", 1))
	checkSamples(t, gather(t, r), samples{"g": 1})
	checkMetric(t, "tacho_multiproc_workers,alive", 1, r)
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
}

// TestUnwrittenIsShown: a process shows the values that its Publisher could not write, added to
// those of the others, until there is space for them.
func TestUnwrittenIsShown(t *testing.T) {
	dir := smallDisk(t, 160)
	put(t, dir, "counter_1-1-1-0.db", encode(valueOnly, counted("a_total", 10)))
	put(t, dir, "gauge_max_1-1-1-0.db", encode(valueOnly, counted("most", 10)))
	c := openFull(t, dir) // 64 KiB
	free := fill(t, dir, 0)
	p := NewPublisher(c, map[string]string{"most": "max", "all": "liveall", "recent": "mostrecent"})
	own, err := NewReader(ReaderOptions{Dir: dir, Own: c, Publisher: p})
	if err != nil {
		t.Fatal(err)
	}
	other := newReader(t, dir)
	families := []*dto.MetricFamily{
		counterOf("a_total", 1), gaugeOf("most", 3), gaugeOf("all", 4), gaugeOf("recent", 5), gaugeOf("g", 6), histogramOf("h", 7, 2, bound(1, 1)),
	}
	if n := p.Publish(families); n != 8 {
		t.Errorf("%d samples are unwritten, want 8", n)
	}
	all := samples{
		"a_total": 11, "most": 10, fmt.Sprintf(`all{pid="%d"}`, os.Getpid()): 4, "recent": 5, "g": 6,
		"h_sum": 7, "h_count": 2, `h_bucket{le="1"}`: 1, `h_bucket{le="+Inf"}`: 2,
	}
	for range 2 {
		checkSamples(t, gather(t, own), all)
		checkSamples(t, gather(t, other), samples{"a_total": 10, "most": 10})
		checkMetric(t, "tacho_multiproc_unwritten_samples", 8, own, other)
	}
	if n := p.Publish(families[:1]); n != 1 { // removed gauges
		t.Errorf("%d samples are unwritten, want 1", n)
	}
	checkSamples(t, gather(t, own), samples{"a_total": 11, "most": 10, "h_sum": 7, "h_count": 2, `h_bucket{le="1"}`: 1, `h_bucket{le="+Inf"}`: 2})

	free()
	publish(t, p, families...)
	checkSamples(t, gather(t, own), all)
	checkSamples(t, gather(t, other), all)
}

// TestDiskIsFullForThePublisher: unwritten values are counted, written ones are updated, and the
// rest follows when there is space.
func TestDiskIsFullForThePublisher(t *testing.T) {
	dir := smallDisk(t, 96)
	c := openFull(t, dir) // 64 KiB
	free := fill(t, dir, 0)
	p := NewPublisher(c, nil)
	own, other := ownReader(t, c), newReader(t, dir)
	counter := counterOf("a_total", 1)
	families := []*dto.MetricFamily{counter, gaugeOf("g", 2), histogramOf("h", 1, 1, bound(1, 1))}
	for range 2 {
		if n := p.Publish(families); n != 5 {
			t.Errorf("%d samples are unwritten, want 5", n)
		}
		checkMetric(t, "tacho_multiproc_unwritten_samples", 5, own, other)
		checkSamples(t, gather(t, other), samples{})
	}

	free()
	publish(t, p, families...)
	want := samples{"a_total": 1, "g": 2, "h_sum": 1, "h_count": 1, `h_bucket{le="1"}`: 1, `h_bucket{le="+Inf"}`: 1}
	checkMetric(t, "tacho_multiproc_unwritten_samples", 0, own, other)
	checkSamples(t, gather(t, other), want)

	free = fill(t, dir, 0)
	*counter.Metric[0].Counter.Value = 5
	for range 3 { // without the gauge, whose file cannot be rewritten
		if n := p.Publish(families[:1]); n != 1 {
			t.Errorf("%d samples are unwritten, want 1", n)
		}
	}
	want["a_total"] = 5
	checkSamples(t, gather(t, other), want)
	checkMetric(t, "tacho_multiproc_unwritten_samples", 1, own, other)

	free()
	publish(t, p, families[:1]...)
	delete(want, "g")
	checkSamples(t, gather(t, other), want)
	checkMetric(t, "tacho_multiproc_unwritten_samples", 0, own, other)
}

// TestCompactDiskIsFull: without space for the archive nothing changes.
func TestCompactDiskIsFull(t *testing.T) {
	dir := smallDisk(t, 96)
	put(t, dir, "tacho_1-1-1-0.cells", threeCells())
	put(t, dir, "counter_1-1-1-0.db", two())
	put(t, dir, "compact.lock", nil)
	free := fill(t, dir, 0)
	r := newReader(t, dir)
	check := func() {
		t.Helper()
		for _, r := range []*Reader{r, newReader(t, dir)} {
			checkCells(t, r, map[string]string{"a": "[1 2] since 100", "b": "[3] since 100", "c": "[1] since 70"})
			checkSamples(t, gather(t, r), samples{"a_total": 1, "b_total": 2})
		}
	}
	check()
	for range 2 {
		if n, err := r.Compact(); n != 0 || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Compact() = %d, %v", n, err)
		}
		check()
	}
	free()
	if n, err := r.Compact(); n != 2 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	check()
}
