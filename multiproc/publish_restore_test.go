//go:build unix

package multiproc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// TestRestoreLosesNothing: files are removed again and again while several goroutines count. In
// the end all counts are there, and no reader has seen a total that was too high or fell.
func TestRestoreLosesNothing(t *testing.T) {
	dir := t.TempDir()
	c := openCells(t, dir)
	words := c.Add(CellKey{Text: "a"}, 3, 1)
	large := c.Add(CellKey{Text: "large"}, 60_000, 1) // in another piece of the file
	p := NewPublisher(c, nil)
	publish(t, p, counterOf("a_total", 7))
	const each, counting = 300_000, 2
	var counters, reading sync.WaitGroup
	for range counting {
		counters.Go(func() {
			for range each {
				words[1].Add(1)
				large[59_999].Add(1)
			}
		})
	}
	stop := make(chan struct{})
	reading.Go(func() {
		r := newReader(t, dir)
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
			r.Cells(func(cells []*Cell) {
				for _, x := range cells {
					if x.Text == "a" && x.Words[1] > counting*each {
						t.Errorf("%d are counted of %d", x.Words[1], counting*each)
					}
				}
			})
			if v := gather(t, r)["a_total"]; v != 0 && v != 7 {
				t.Errorf("a_total is %v", v)
			}
		}
	})
	const rounds = 40
	for i := range rounds {
		for _, pattern := range []string{"*.cells", "*.db"}[:1+i%2] {
			all, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, path := range all {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n, err := p.Restore(); n != 1+i%2 || err != nil {
			t.Fatalf("Restore() = %d, %v", n, err)
		}
	}
	counters.Wait()
	close(stop)
	reading.Wait()
	for _, r := range []*Reader{newReader(t, dir), publishingReader(t, c, p)} {
		if got, want := cellsIn(r)["a"], fmt.Sprintf("[0 %d 0] since 1", counting*each); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := gather(t, r)["a_total"]; got != 7 {
			t.Errorf("a_total is %v", got)
		}
		if got := directoryMetrics(t, r)["tacho_multiproc_restored_files_total"]; got != rounds*3/2 {
			t.Errorf("%v files are restored, want %d", got, rounds*3/2)
		}
		checkDamage(t, r, "")
	}
	if got := large[59_999].Load(); got != counting*each {
		t.Errorf("%d in memory, want %d", got, counting*each)
	}
	if n, err := p.Restore(); n != 0 || err != nil {
		t.Errorf("nothing was removed, but Restore() = %d, %v", n, err)
	}
}

func publishingReader(t *testing.T, c *Cells, p *Publisher) *Reader {
	t.Helper()
	r, err := NewReader(ReaderOptions{Dir: c.Dir(), Own: c, Publisher: p})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRestoreWaits: while files cannot be recreated, counting goes on, only this process shows
// the counts, and the true reason is reported once. After that everything is visible to all.
func TestRestoreWaits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "metrics")
	var told []error
	c, err := OpenCells(CellsOptions{Dir: dir, FailedFunc: func(err error) { told = append(told, err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	words := count(c, CellKey{Text: "a"}, 1, 1)
	p := NewPublisher(c, nil)
	families := []*dto.MetricFamily{counterOf("a_total", 1)}
	publish(t, p, families...)
	own, other := publishingReader(t, c, p), newReader(t, dir)
	_ = gather(t, other)

	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := p.Restore(); n != 0 || !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("Restore() = %d, %v", n, err)
		}
	}
	if len(told) != 1 || !errors.Is(told[0], syscall.ENOTDIR) {
		t.Errorf("reported: %v", told)
	}
	words[0].Add(1)
	*families[0].Metric[0].Counter.Value = 2
	if n := p.Publish(families); n != 1 {
		t.Errorf("%d samples are unwritten", n)
	}
	if n := c.Private(); n != 1 {
		t.Errorf("%d cells are private", n)
	}
	checkCells(t, own, map[string]string{"a": "[2] since 1"})
	if got := gather(t, own)["a_total"]; got != 2 {
		t.Errorf("of its own a_total is %v", got)
	}

	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Restore(); n != 1 || err != nil {
		t.Errorf("Restore() = %d, %v", n, err)
	}
	publish(t, p, families...)
	for _, r := range []*Reader{own, other, newReader(t, dir)} {
		if got := cellsIn(r)["a"]; got != "[2] since 1" {
			t.Errorf("got %s", got)
		}
		if got := gather(t, r)["a_total"]; got != 2 {
			t.Errorf("a_total is %v", got)
		}
	}
	if n := c.Private(); n != 0 {
		t.Errorf("%d cells are private", n)
	}
}

// TestRemovedIsNotDead: a process whose cell file was removed is not dead: its published files
// are not merged, which would count them twice after they are recreated.
func TestRemovedIsNotDead(t *testing.T) {
	if startTicks(os.Getpid()) == 0 {
		t.Log("processes cannot be distinguished here: an unlocked file belongs to a dead one")
		return
	}
	dir := t.TempDir()
	c := openCells(t, dir)
	p := NewPublisher(c, nil)
	publish(t, p, counterOf("a_total", 3))
	if err := os.Remove(cellsPath(dir, c.ID())); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, dir)
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	if n, err := p.Restore(); n != 1 || err != nil {
		t.Errorf("Restore() = %d, %v", n, err)
	}
	for _, r := range []*Reader{r, newReader(t, dir)} {
		if got := gather(t, r)["a_total"]; got != 3 {
			t.Errorf("a_total is %v", got)
		}
	}
}

// TestDirectoryStaysInUse: while its file is removed, the directory stays in use by its Cells,
// so that no other Cells of the process take the name.
func TestDirectoryStaysInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "metrics")
	c := openCells(t, dir)
	count(c, CellKey{Text: "a"}, 1, 1)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if d := openCells(t, dir).Dir(); d != dir+"/2" {
		t.Errorf("the second ones are in %s", d)
	}
	if n, err := NewPublisher(c, nil).Restore(); n != 1 || err != nil {
		t.Errorf("Restore() = %d, %v", n, err)
	}
	if got := cellsIn(newReader(t, dir))["a"]; got != "[1] since 1" {
		t.Errorf("got %s", got)
	}
}
