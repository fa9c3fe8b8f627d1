//go:build unix

package multiproc

import "errors"

// Compact merges the files of dead processes into one archive for each type and mode, and
// removes them. The number of files, their size and the time of a scrape then depend on the
// living processes only. It returns how many files it merged.
//
// First it restores archives that were removed since this Reader last compacted, or while its
// Publisher runs.
//
// Totals do not change. Compact may be killed at any moment and resumes where it stopped: it
// replaces an archive atomically, and the archive lists the files in it. Gauges of dead
// processes are merged by mode; those of the live… and all modes describe a process itself and
// disappear with it.
//
// A worker of Python's client is dead when no process has its file mapped or open for writing,
// whatever its name says; see [ErrLivenessUnknown].
func (r *Reader) Compact() (files int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	unlock, err := lockExclusive(r.opts.Dir)
	if err != nil {
		return 0, err
	}
	defer unlock()
	restored, missing := r.restorer.restoreUnderLock()
	r.restoredFiles.add(restored, r.opts.Own)
	defer r.restorer.refresh()
	c := &compactor{
		dir: r.opts.Dir, generations: archiveGenerations(r.opts.Dir, archivedKinds),
		archived: readArchivedFiles(r.opts.Dir, nil).all, beforeStep: r.beforeStep, writerFinder: r.writerFinder,
	}
	invisible := c.collectSources()
	if invisible != nil && !errors.Is(invisible, ErrLivenessUnknown) {
		return 0, invisible
	}
	files, err = c.archive()
	err = errors.Join(err, invisible, missing)
	r.compactedFiles.add(files, r.opts.Own)
	return files, err
}
