package multiproc

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// created returns the names of all files that this process creates in a directory: as a
// compactor, and as a process of a Go service.
func created() (names []string) {
	own := processID(0)
	names = []string{lockName, filepath.Base(cellsPath("", own)) + tempSuffix}
	for _, k := range archivedKinds {
		names = append(names, filepath.Base(archivePath("", k))+tempSuffix)
	}
	for _, k := range []kind{{name: "counter"}, {name: "histogram"}, {"gauge", "livesum"}} {
		names = append(names, filepath.Base(k.path("", own))+tempSuffix)
	}
	return names
}

// work does everything that creates files in a directory.
func (s *shop) work() error {
	s.t.Helper()
	c, err := OpenCells(CellsOptions{Dir: s.dir})
	if err != nil {
		return err
	}
	p := NewPublisher(c, nil)
	p.Publish([]*dto.MetricFamily{
		add(newFamily("own_total", "", dto.MetricType_COUNTER), 1), histogramOf("own_h", 1, 1, bound(1, 1)), add(gauge("own_g", ""), 1),
	})
	s.t.Cleanup(func() { endProcess(c, p) })
	_, err = newReader(s.t, s.dir).Compact()
	return err
}

// TestPlanted: the owner of the directory may have put a link where a file is created. Its
// target is neither changed nor created.
func TestPlanted(t *testing.T) {
	secret := []byte("root's own")
	for _, name := range created() {
		for kind, plant := range map[string]func(victim, path string) error{"symbolic": os.Symlink, "hard": os.Link} {
			t.Run(name+" "+kind, func(t *testing.T) {
				s := newShop(t)
				s.die(valueOnly)
				victim := filepath.Join(t.TempDir(), "victim")
				put(t, filepath.Dir(victim), "victim", secret)
				if err := plant(victim, filepath.Join(s.dir, name)); err != nil {
					t.Fatal(err)
				}
				err := s.work()
				if got, _ := os.ReadFile(victim); !slices.Equal(got, secret) {
					t.Errorf("it wrote %.20q to the target", got)
				}
				if refuses := name == lockName; refuses != (err != nil) {
					t.Errorf("got %v", err)
				}
			})
		}
		t.Run(name+" dangling", func(t *testing.T) {
			s := newShop(t)
			s.die(valueOnly)
			victim := filepath.Join(t.TempDir(), "victim")
			if err := os.Symlink(victim, filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
			_ = s.work()
			if _, err := os.Lstat(victim); err == nil {
				t.Error("it created the target")
			}
		})
	}
}

// TestPlantedForReading: links are not followed for reading either: opening a device has
// effects, and files that only this process may read must not leak.
func TestPlantedForReading(t *testing.T) {
	for _, name := range []string{"counter_9.db", "counter_archive.db", "tacho_9-1-1-0.cells", "tacho_archive.cells", "counter_9.db.folding.1"} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.die(valueOnly)
			secret := t.TempDir()
			put(t, secret, "secret", padded(encode(valueOnly, counted("secret_total", 1))))
			if err := os.Symlink(filepath.Join(secret, "secret"), filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
			r := newReader(t, s.dir)
			for range 2 {
				got := gather(t, r)
				if _, exists := got["secret_total"]; exists || got["a_total"] != s.want["a_total"] {
					t.Errorf("it shows %v", got)
				}
				_, _ = r.Compact()
			}
			if r.report.damaged[NotRegular] == 0 && r.report.damaged[Foreign] == 0 {
				t.Errorf("damage: %v", r.report.damaged)
			}
		})
	}
}

// TestPlantedLock: a lock that would block, or belongs to another user, is refused; scrapes go
// on.
func TestPlantedLock(t *testing.T) {
	for what, plant := range map[string]func(path string) error{
		"a FIFO":         func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a directory":    func(path string) error { return os.Mkdir(path, 0o700) },
		"a stranger's":   func(path string) error { return ownedBy(path, 12345) },
		"a link to none": func(path string) error { return os.Symlink("nowhere", path) },
	} {
		t.Run(what, func(t *testing.T) {
			s := newShop(t)
			s.die(valueOnly)
			if err := plant(filepath.Join(s.dir, lockName)); err != nil {
				t.Fatal(err)
			}
			within(t, 30e9, func() {
				if _, err := newReader(t, s.dir).Compact(); err == nil || err == ErrBusy {
					t.Errorf("Compact returned %v", err)
				}
				lockShared(s.dir)()
			})
			s.check(newReader(t, s.dir), "after")
		})
	}
}

// ownedBy creates a file of another user.
func ownedBy(path string, uid int) error {
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		return err
	}
	return os.Chown(path, uid, uid)
}

// TestArchivesBelongToTheDirectory: files that root creates belong to the directory's owner, who
// has to read and replace them.
func TestArchivesBelongToTheDirectory(t *testing.T) {
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	s := newShop(t)
	if err := os.Chown(s.dir, 12345, 23456); err != nil {
		t.Fatalf("%v; this test needs root, such as: sudo make test", err)
	}
	s.die(valueOnly)
	if _, err := newReader(t, s.dir).Compact(); err != nil {
		t.Fatal(err)
	}
	owners := map[string]string{}
	for _, name := range []string{lockName, "counter_archive.db", "tacho_archive.cells"} {
		info, err := os.Lstat(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		of := info.Sys().(*syscall.Stat_t)
		owners[name] = fmt.Sprint(of.Uid, of.Gid)
	}
	for _, owner := range slices.Sorted(maps.Values(owners)) {
		if owner != "12345 23456" {
			t.Errorf("the owners are %v", owners)
		}
	}
}

// TestPlantedDirectory: the second Meter's subdirectory must not be a link.
func TestPlantedDirectory(t *testing.T) {
	dir, victim := t.TempDir(), t.TempDir()
	if err := os.Symlink(victim, filepath.Join(dir, "2")); err != nil {
		t.Fatal(err)
	}
	openCells(t, dir)
	if c, err := OpenCells(CellsOptions{Dir: dir}); err == nil {
		_ = c.Close()
		t.Error("the link was followed")
	}
	if all, _ := os.ReadDir(victim); len(all) > 0 {
		t.Errorf("there is %s now", all[0].Name())
	}
}
