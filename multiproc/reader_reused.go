package multiproc

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A worker with a number, under uWSGI or tacho gunicorn, goes on in the files of a dead one. If a
// compactor has taken these away, it makes new ones of the same names. A Reader that has not
// scanned in between must not take the earlier ones for lost, and keep counts that are in an
// archive, or in a file that is being merged.

// compactingFirst sorts the files that are being merged before the others, so that a Reader finds
// a renamed file before the new file of that name.
func compactingFirst(listed []fs.DirEntry) []fs.DirEntry {
	var compacting, others []fs.DirEntry
	for _, e := range listed {
		if strings.Contains(e.Name(), compactingMark) {
			compacting = append(compacting, e)
		} else {
			others = append(others, e)
		}
	}
	return append(compacting, others...)
}

// isWorkers reports whether a worker writes the file. Another file may take its name.
func (f *file) isWorkers() bool { return !isGoID(f.id) && f.id != archiveID }

// dropArchived forgets the workers' files that were merged since the last scan: a file that now
// has the name, or even the inode, is another one.
func (r *Reader) dropArchived(which scope, generations map[string]uint64, archived func() archivedFiles) {
	changed := false
	for path, n := range generations {
		changed = changed || n != r.generations[path]
	}
	if !changed {
		return
	}
	for name, f := range r.files {
		if f.isWorkers() && which.has(name) && archived().added[f.ref()] {
			delete(r.files, name)
		}
	}
}

// isGivenBack reports whether a file that was being merged has its own name again, too, under
// which it is read.
func (r *Reader) isGivenBack(plain string, info fs.FileInfo) bool {
	now, err := os.Lstat(filepath.Join(r.opts.Dir, plain))
	if err != nil || !os.SameFile(now, info) {
		return false
	}
	r.raced = r.raced || !slices.ContainsFunc(r.listed, func(e fs.DirEntry) bool { return e.Name() == plain })
	return true
}

// followGivenBack recognizes a file that has its own name again.
func (r *Reader) followGivenBack(e fs.DirEntry) {
	name := e.Name()
	if r.files[name] != nil {
		return
	}
	for known := range r.files {
		if !strings.HasPrefix(known, name+compactingMark) {
			continue
		}
		if info, err := e.Info(); err == nil {
			r.followRename(known, name, info)
		}
	}
}

// displace sets aside a file whose name another one has taken. Its counts may be in an archive
// that this scan does not know yet, or in a file that was renamed after the directory was listed.
func (r *Reader) displace(f *file) {
	r.displaced = append(r.displaced, f)
	r.raced = r.raced || r.isCompacting(f.name)
}

// resolveDisplaced keeps the counts of displaced files that are nowhere else.
func (r *Reader) resolveDisplaced(archived func() archivedFiles) {
	for _, f := range r.displaced {
		if !archived().added[f.ref()] && !r.hasElsewhere(f) {
			f.forget(0, r.merged)
		}
	}
	r.displaced = nil
}

// hasElsewhere reports whether a file is read under another name.
func (r *Reader) hasElsewhere(f *file) bool {
	plain, _, _ := cutCompacting(f.name)
	for name, other := range r.files {
		if strings.HasPrefix(name, plain+compactingMark) && other.info != nil && f.info != nil && os.SameFile(f.info, other.info) {
			return true
		}
	}
	return false
}
