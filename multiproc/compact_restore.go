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

// An archiveRestorer keeps a directory's archives open. They alone hold the counts of dead
// processes: when an archive is removed, a process that has it open can restore it.
//
// Processes may have different states of a removed archive open until all of them have looked
// for a new one. The latest state wins, whichever is restored first.
type archiveRestorer struct {
	dir string

	mu     sync.Mutex
	open   map[kind]*openArchive
	closed bool
}

type openArchive struct {
	file    *os.File
	info    fs.FileInfo
	journal journal
}

func newArchiveRestorer(dir string) *archiveRestorer {
	return &archiveRestorer{dir: dir, open: map[kind]*openArchive{}}
}

// newLineage returns the number of an archive that is started from scratch.
func newLineage() uint64 { return 1 + rand.Uint64N(math.MaxInt64) }

// restore restores removed archives and returns how many. While another process compacts, it
// leaves them for the next call.
func (r *archiveRestorer) restore() (restored int, err error) {
	if !r.refresh() {
		return 0, nil
	}
	unlock, err := lockExclusive(r.dir)
	if errors.Is(err, ErrBusy) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer unlock()
	return r.restoreUnderLock()
}

// refresh opens the current archives and reports whether one has to be restored.
func (r *archiveRestorer) refresh() (missing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range archivedKinds {
		missing = !r.refreshKind(k) || missing
	}
	return missing
}

// restoreUnderLock is restore for a caller that holds the directory's lock.
func (r *archiveRestorer) restoreUnderLock() (restored int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range archivedKinds {
		if r.refreshKind(k) {
			continue
		}
		if e := r.putBack(k); e != nil {
			err = errors.Join(err, e)
			continue
		}
		r.refreshKind(k)
		restored++
	}
	return restored, err
}

// refreshKind opens the archive that now has the name. It reports whether that includes the one
// that was open before.
func (r *archiveRestorer) refreshKind(k kind) bool {
	path := archivePath(r.dir, k)
	before := r.open[k]
	exists, err := os.Lstat(path)
	switch {
	case r.closed:
		return true
	case before == nil && err != nil:
		return true
	case before != nil && err == nil && os.SameFile(before.info, exists):
		return true
	}
	now := openArchiveAt(path)
	if !now.includes(before) {
		now.close()
		return false
	}
	before.close()
	r.open[k] = now
	if now == nil || now.hasNoLineage() {
		now.close() // whether a later one continues it could not be told
		delete(r.open, k)
	}
	return true
}

// openArchiveAt opens an archive. It returns nil if there is none, or something else.
func openArchiveAt(path string) *openArchive {
	f := new(file)
	in, _ := f.open(path)
	if in == nil {
		return nil
	}
	a := &openArchive{in, f.info, journalOf(in)}
	if a.journal.generation == 0 {
		a.close()
		return nil
	}
	return a
}

// hasNoLineage reports whether an archive was written by a release without lineages.
func (a *openArchive) hasNoLineage() bool { return len(a.journal.lineages) == 0 }

func (a *openArchive) close() {
	if a != nil {
		_ = a.file.Close()
	}
}

// includes reports whether an archive contains an earlier one. It assumes so for an archive that
// an earlier release wrote.
func (a *openArchive) includes(before *openArchive) bool {
	switch {
	case before == nil:
		return true
	case a == nil:
		return false
	}
	return a.hasNoLineage() || a.journal.lineages.continues(before.journal.lineages) && a.journal.generation >= before.journal.generation
}

// putBack restores the open archive under its name. It merges an archive that was created in the
// meantime; it replaces an earlier state of the same archive, or a file that is no archive.
func (r *archiveRestorer) putBack(k kind) error {
	held, path := r.open[k], archivePath(r.dir, k)
	if exists := openArchiveAt(path); exists != nil {
		defer exists.close()
		if !held.includes(exists) {
			return r.merge(k, exists)
		}
	}
	data, err := io.ReadAll(io.NewSectionReader(held.file, 0, math.MaxInt64))
	if err != nil {
		return err
	}
	return r.compactor().replace(path, data)
}

func (r *archiveRestorer) compactor() *compactor { return &compactor{dir: r.dir} }

// merge merges the open archive with another one. For readers of the open one, the files of the
// other have just been added.
func (r *archiveRestorer) merge(k kind, other *openArchive) error {
	held := r.open[k]
	j := journal{
		files:      slices.Clone(held.journal.files),
		generation: 1 + max(held.journal.generation, other.journal.generation),
		lineages:   slices.Compact(slices.Sorted(slices.Values(slices.Concat(held.journal.lineages, other.journal.lineages)))),
	}
	for _, f := range other.journal.files {
		f.Generation = j.generation
		j.files = append(j.files, f)
	}
	b := newArchiveBuilder(k)
	for _, a := range []*openArchive{held, other} {
		if _, err := b.add(a.file); err != nil {
			return err
		}
	}
	return r.compactor().write(archivePath(r.dir, k), b, j)
}

// close closes the archives for good.
func (r *archiveRestorer) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for k, a := range r.open {
		a.close()
		delete(r.open, k)
	}
}
