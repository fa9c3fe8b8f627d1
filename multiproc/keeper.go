//go:build unix

package multiproc

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
)

// A keeper holds a directory's archives open. What processes have counted that are gone
// is in them only: when somebody removes an archive, those who hold it can put it back.
//
// Of a removed archive the holders may have different states, until all have looked
// for a new one. The latest wins, whoever is first.
type keeper struct {
	dir string

	mu     sync.Mutex
	held   map[kind]*heldArchive
	closed bool
}

type heldArchive struct {
	file    *os.File
	info    fs.FileInfo
	journal journal
}

func newKeeper(dir string) *keeper { return &keeper{dir: dir, held: map[kind]*heldArchive{}} }

// newLineage is the number of an archive that was made without another one before it.
func newLineage() uint64 { return 1 + rand.Uint64N(math.MaxInt64) }

// restore puts archives back that were removed, and returns how many these were. While
// somebody compacts, it leaves them for the next time.
func (k *keeper) restore() (restored int, err error) {
	if !k.follow() {
		return 0, nil
	}
	unlock, err := lockDir(k.dir)
	if errors.Is(err, ErrBusy) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer unlock()
	return k.restoreLocked()
}

// follow holds the archives that are there now, and reports whether one has to be put
// back.
func (k *keeper) follow() (missing bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, of := range archivedKinds {
		missing = !k.followOne(of) || missing
	}
	return missing
}

// restoreLocked is restore under the lock of the directory.
func (k *keeper) restoreLocked() (restored int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, of := range archivedKinds {
		if k.followOne(of) {
			continue
		}
		if e := k.putBack(of); e != nil {
			err = errors.Join(err, e)
			continue
		}
		k.followOne(of)
		restored++
	}
	return restored, err
}

// followOne holds the archive that has the name now. It reports whether that has in it
// what the one had that was held before.
func (k *keeper) followOne(of kind) bool {
	path := archiveOf(k.dir, of)
	before := k.held[of]
	there, err := os.Lstat(path)
	switch {
	case k.closed:
		return true
	case before == nil && err != nil:
		return true
	case before != nil && err == nil && os.SameFile(before.info, there):
		return true
	}
	now := holdArchive(path)
	if !now.hasAllOf(before) {
		now.close()
		return false
	}
	before.close()
	k.held[of] = now
	if now == nil || now.isOld() {
		now.close() // it could not be told whether another one continues it
		delete(k.held, of)
	}
	return true
}

// holdArchive opens an archive. It is nil where there is none, or something else.
func holdArchive(path string) *heldArchive {
	f := new(file)
	in, _ := f.open(path)
	if in == nil {
		return nil
	}
	a := &heldArchive{in, f.info, journalOf(in)}
	if a.journal.generation == 0 {
		a.close()
		return nil
	}
	return a
}

// isOld reports whether it is an archive of a release that did not know of lineages.
func (a *heldArchive) isOld() bool { return len(a.journal.lineages) == 0 }

func (a *heldArchive) close() {
	if a != nil {
		_ = a.file.Close()
	}
}

// hasAllOf reports whether an archive has in it what another one had. Of one that an
// earlier release has written that is assumed.
func (a *heldArchive) hasAllOf(before *heldArchive) bool {
	switch {
	case before == nil:
		return true
	case a == nil:
		return false
	}
	return a.isOld() || a.journal.lineages.continues(before.journal.lineages) && a.journal.generation >= before.journal.generation
}

// putBack gives the held archive its name again. If there is one that was made meanwhile,
// both become one. An earlier state of the held one is replaced, and so is what is no
// archive.
func (k *keeper) putBack(of kind) error {
	held, path := k.held[of], archiveOf(k.dir, of)
	if there := holdArchive(path); there != nil {
		defer there.close()
		if !held.hasAllOf(there) {
			return k.merge(of, there)
		}
	}
	data, err := io.ReadAll(io.NewSectionReader(held.file, 0, math.MaxInt64))
	if err != nil {
		return err
	}
	return k.compactor().replace(path, data)
}

func (k *keeper) compactor() *compactor { return &compactor{dir: k.dir} }

// merge makes one archive of the held one and another. To those who know the held one
// the files of the other have gone in just now.
func (k *keeper) merge(of kind, other *heldArchive) error {
	held := k.held[of]
	j := journal{
		files:      slices.Clone(held.journal.files),
		generation: 1 + max(held.journal.generation, other.journal.generation),
		lineages:   slices.Compact(slices.Sorted(slices.Values(slices.Concat(held.journal.lineages, other.journal.lineages)))),
	}
	for _, f := range other.journal.files {
		f.In = j.generation
		j.files = append(j.files, f)
	}
	into := newArchive(of)
	for _, a := range []*heldArchive{held, other} {
		if _, err := into.collect(a.file); err != nil {
			return err
		}
	}
	return k.compactor().write(archiveOf(k.dir, of), into, j)
}

// close lets the archives go, for good.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for of, a := range k.held {
		a.close()
		delete(k.held, of)
	}
}
