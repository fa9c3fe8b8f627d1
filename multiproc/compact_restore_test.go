//go:build unix

package multiproc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archivesIn returns the paths of a directory's archives.
func archivesIn(dir string) (paths []string) {
	for _, k := range archivedKinds {
		if path := archivePath(dir, k); exists(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// removeArchives removes them, as a cleaner would.
func removeArchives(t *testing.T, dir string) (removed int) {
	t.Helper()
	paths := archivesIn(dir)
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	return len(paths)
}

func restores(t *testing.T, k *archiveRestorer, want int) {
	t.Helper()
	if n, err := k.restore(); n != want || err != nil {
		t.Fatalf("restored %d archives, %v; want %d", n, err, want)
	}
}

func compacts(t *testing.T, r *Reader) {
	t.Helper()
	if n, err := r.Compact(); n == 0 || err != nil {
		t.Fatalf("Compact() = %d, %v", n, err)
	}
}

// A cleaned shop is one whose archives are removed. Some readers read all the time, one only
// later.
type cleaned struct {
	*shop
	a, b    *archiveRestorer // two living processes
	looking []*Reader
	later   *Reader
}

func newCleaned(t *testing.T, of layout) *cleaned {
	s := &cleaned{shop: newShop(t)}
	for range 3 {
		s.die(of)
	}
	compacts(t, newReader(t, s.dir))
	s.a, s.b = newArchiveRestorer(s.dir), newArchiveRestorer(s.dir)
	restores(t, s.a, 0)
	restores(t, s.b, 0)
	s.looking, s.later = []*Reader{newReader(t, s.dir)}, newReader(t, s.dir)
	s.sees("at first", s.later)
	return s
}

// sees checks the permanent readers, and others.
func (s *cleaned) sees(when string, others ...*Reader) {
	s.t.Helper()
	for i, r := range append(others, s.looking...) {
		s.check(r, fmt.Sprintf("%s, reader %d", when, i))
	}
}

// TestArchivesRemoved: living processes restore the counts of dead ones. No reader counts
// anything twice, and no total falls.
func TestArchivesRemoved(t *testing.T) {
	for name, mode := range map[string]func(*cleaned, layout){
		"once": func(s *cleaned, _ layout) {
			removed := removeArchives(s.t, s.dir)
			s.sees("removed")
			restores(s.t, s.a, removed)
			restores(s.t, s.b, 0)
			restores(s.t, s.a, 0)
		},
		"by a slow one first": func(s *cleaned, of layout) {
			s.die(of)
			compacts(s.t, newReader(s.t, s.dir))
			restores(s.t, s.b, 0) // a does not have it
			s.sees("compacted")
			removed := removeArchives(s.t, s.dir)
			restores(s.t, s.a, removed)
			restores(s.t, s.b, removed)
			restores(s.t, s.a, 0)
		},
		"after a compactor without the archives": func(s *cleaned, of layout) {
			s.die(of)
			s.sees("another one dead", s.later)
			removeArchives(s.t, s.dir)
			s.sees("removed")
			compacts(s.t, newReader(s.t, s.dir))
			s.sees("compacted")
			c := newArchiveRestorer(s.dir) // has the new ones only
			restores(s.t, c, 0)
			restores(s.t, s.a, len(archivesIn(s.dir)))
			s.sees("put back")
			restores(s.t, s.b, 0)
			restores(s.t, c, 0)
		},
		"before a compactor reads": func(s *cleaned, of layout) {
			removeArchives(s.t, s.dir)
			s.die(of)
			compacts(s.t, newReader(s.t, s.dir))
			s.sees("compacted, which readers saw at once")
			restores(s.t, s.b, len(archivesIn(s.dir)))
		},
		"again and again": func(s *cleaned, of layout) {
			for range 3 {
				removed := removeArchives(s.t, s.dir)
				restores(s.t, s.b, removed)
				s.sees("put back")
				s.die(of)
				compacts(s.t, newReader(s.t, s.dir))
				restores(s.t, s.a, 0)
				restores(s.t, s.b, 0)
				s.sees("compacted")
			}
		},
		"for a link": func(s *cleaned, _ layout) {
			target := filepath.Join(s.t.TempDir(), "target")
			put(s.t, filepath.Dir(target), "target", []byte("root's"))
			for _, path := range archivesIn(s.dir) {
				if err := os.Remove(path); err != nil {
					s.t.Fatal(err)
				}
				if err := os.Symlink(target, path); err != nil {
					s.t.Fatal(err)
				}
			}
			restores(s.t, s.a, len(archivesIn(s.dir)))
			if text, err := os.ReadFile(target); string(text) != "root's" {
				s.t.Errorf("the link's target is now %q, %v", text, err)
			}
		},
	} {
		for of, layout := range map[string]layout{"narrow": valueOnly, "wide": withTimestamp} {
			t.Run(strings.ReplaceAll(name+" "+of, " ", "-"), func(t *testing.T) {
				s := newCleaned(t, layout)
				mode(s, layout)
				s.sees("at last", s.later, newReader(t, s.dir))
				s.die(layout)
				compacts(t, newReader(t, s.dir))
				s.sees("compacted at last", s.later, newReader(t, s.dir))
			})
		}
	}
}

// TestCompactorPutsBack: an exporter that compacts restores its archives, and counts them.
func TestCompactorPutsBack(t *testing.T) {
	s := newShop(t)
	s.die(valueOnly)
	r := newReader(t, s.dir)
	compacts(t, r)
	removed := removeArchives(t, s.dir)
	s.die(valueOnly)
	compacts(t, r)
	s.check(newReader(t, s.dir), "put back")
	s.check(r, "put back")
	if got := directoryMetrics(t, r)["tacho_multiproc_restored_files_total"]; got != float64(removed) {
		t.Errorf("%v files were restored, want %d", got, removed)
	}
}

// TestLostDirectory: while a directory cannot be read, files that were removed before keep
// counting, too.
func TestLostDirectory(t *testing.T) {
	s := newShop(t)
	s.die(valueOnly)
	compacts(t, newReader(t, s.dir))
	r := newReader(t, s.dir)
	s.check(r, "at first")
	removeArchives(t, s.dir)
	s.check(r, "removed")
	if err := os.Rename(s.dir, s.dir+".moved"); err != nil {
		t.Fatal(err)
	}
	s.check(r, "the directory is away")
	if err := os.Rename(s.dir+".moved", s.dir); err != nil {
		t.Fatal(err)
	}
	s.check(r, "it is there again")
}

// TestLineageStays: a journal forgets files, but not which archives it continues.
func TestLineageStays(t *testing.T) {
	path := archivePath(t.TempDir(), cellKind)
	j := journal{lineages: lineages{7, 1 << 63}, generation: 3, files: make([]archivedFile, 2*maxJournalFiles)}
	for i := range j.files {
		j.files[i] = archivedFile{Name: fmt.Sprintf("counter_%d.db", i), Inode: uint64(i), Generation: 3}
	}
	if err := new(compactor).write(path, newArchiveBuilder(cellKind), j); err != nil {
		t.Fatal(err)
	}
	got := readJournal(path)
	if !got.lineages.continues(j.lineages) || got.lineages.continues(lineages{8}) || len(got.files) != maxJournalFiles || got.generation != 3 {
		t.Errorf("it reads lineages %v, %d files, generation %d", got.lineages, len(got.files), got.generation)
	}
}
