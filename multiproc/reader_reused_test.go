//go:build linux

package multiproc

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// reused is a file of a worker whose number later workers have, too.
const reused = "counter_00007.db"

// putNumbered leaves the file of a dead worker with that number.
func putNumbered(t *testing.T, dir string, count float64, generation byte) {
	t.Helper()
	data := padded(encode(valueOnly, counted("a_total", count)))
	data[4] = generation
	put(t, dir, reused, data)
}

// takeOver lets a living worker go on in the file.
func takeOver(t *testing.T, dir string) *testWorker {
	t.Helper()
	w := startTestWorker(t, "map", dir, "00007")
	w.await("ready")
	return w
}

// TestReusedNumbers: a file is merged, renamed or given back, and another one takes its name, while a
// Reader does not look. It finds each count once, and so does a new Reader.
func TestReusedNumbers(t *testing.T) {
	compact := func(t *testing.T, dir string) {
		if n, err := newReader(t, dir).Compact(); n != 1 || err != nil {
			t.Fatalf("Compact() = %d, %v", n, err)
		}
	}
	rename := func(t *testing.T, dir, from, to string) {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	const folding = reused + ".folding.1"
	for name, c := range map[string]struct {
		step func(t *testing.T, dir string, r *Reader)
		want float64
	}{
		"merged and made again": {func(t *testing.T, dir string, _ *Reader) {
			compact(t, dir)
			putNumbered(t, dir, 3, 2)
		}, 13},
		"merged and made again twice": {func(t *testing.T, dir string, _ *Reader) {
			compact(t, dir)
			putNumbered(t, dir, 3, 2)
			compact(t, dir)
			putNumbered(t, dir, 4, 3)
		}, 17},
		"renamed and made again": {func(t *testing.T, dir string, _ *Reader) {
			rename(t, dir, reused, folding)
			putNumbered(t, dir, 3, 2)
		}, 13},
		"given back": {func(t *testing.T, dir string, r *Reader) {
			rename(t, dir, reused, folding)
			checkSamples(t, gather(t, r), samples{"a_total": 11})
			rename(t, dir, folding, reused)
		}, 10},
		"half given back": {func(t *testing.T, dir string, _ *Reader) {
			rename(t, dir, reused, folding)
			if err := os.Link(filepath.Join(dir, folding), filepath.Join(dir, reused)); err != nil {
				t.Fatal(err)
			}
		}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newShop(t).dir
			putNumbered(t, dir, 10, 1)
			r := newReader(t, dir)
			checkSamples(t, gather(t, r), samples{"a_total": 11})
			c.step(t, dir, r)
			for range 2 {
				checkSamples(t, gather(t, r), samples{"a_total": c.want + 1})
				checkSamples(t, gather(t, newReader(t, dir)), samples{"a_total": c.want + 1})
			}
		})
	}
}

// TestReusedDuringScan: the file is merged after the directory was listed, and a new one has its name
// and its inode.
func TestReusedDuringScan(t *testing.T) {
	dir := newShop(t).dir
	putNumbered(t, dir, 10, 1)
	r := newReader(t, dir)
	checkSamples(t, gather(t, r), samples{"a_total": 11})
	f := r.files[reused]
	if _, err := newReader(t, dir).Compact(); err != nil {
		t.Fatal(err)
	}
	putNumbered(t, dir, 3, 2)
	f.info = stat(t, filepath.Join(dir, reused))
	r.mu.Lock()
	r.merged.resetValues()
	r.readFile(f)
	r.mu.Unlock()
	if len(r.displaced) != 1 || r.files[reused].generation != 2 {
		t.Errorf("%d files are displaced, and the generation is %d", len(r.displaced), r.files[reused].generation)
	}
}

// TestGiveBackKilled: a compactor dies while it gives a file its name back. The next one removes the
// other name.
func TestGiveBackKilled(t *testing.T) {
	dir := newShop(t).dir
	putNumbered(t, dir, 10, 1)
	w := takeOver(t, dir)
	if err := os.Link(filepath.Join(dir, reused), filepath.Join(dir, reused+".folding.1")); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, dir)
	if n, err := r.Compact(); n != 0 || err != nil {
		t.Errorf("Compact() = %d, %v", n, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, reused+".folding.1")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the other name remains: %v", err)
	}
	w.tell("more")
	checkSamples(t, gather(t, r), samples{"a_total": 12})
}

// TestClaimKeepsEarlier: the archive cannot be written, as on a full disk, while a second worker of
// the same number dies. Neither is lost.
func TestClaimKeepsEarlier(t *testing.T) {
	dir := newShop(t).dir
	putNumbered(t, dir, 10, 1)
	blocked := filepath.Join(dir, "counter_archive.db.new")
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, dir)
	for i := range 2 {
		if _, err := r.Compact(); err == nil {
			t.Fatal("an archive was written")
		}
		checkSamples(t, gather(t, r), samples{"a_total": 11 + 3*float64(i)})
		putNumbered(t, dir, 3, 2)
	}
	if err := os.RemoveAll(blocked); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Compact(); err != nil {
			t.Fatal(err)
		}
		checkSamples(t, gather(t, r), samples{"a_total": 14})
		checkSamples(t, gather(t, newReader(t, dir)), samples{"a_total": 14})
	}
}
