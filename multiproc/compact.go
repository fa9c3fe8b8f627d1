//go:build unix

package multiproc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A compactor is one run of Compact.
type compactor struct {
	dir          string
	generations  map[string]uint64     // of the archives at the start
	archived     map[archivedFile]bool // files that are in an archive already
	sources      map[kind][]source
	writerFinder *writerFinder
	beforeStep   func() // called before each step; tests end the process there
}

// A source is a file to merge.
type source struct {
	path string
	archivedFile
	damaged bool // parts of it could not be read
}

func (c *compactor) checkpoint() {
	if c.beforeStep != nil {
		c.beforeStep()
	}
}

func (c *compactor) path(name string) string { return filepath.Join(c.dir, name) }

// collectSources finds the files of dead processes and renames them, so that no new process
// opens them. It also finds those of Go processes when the liveness of the others is unknown.
func (c *compactor) collectSources() error {
	listed, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("multiproc: compacting: %w", err)
	}
	c.sources = map[kind][]source{}
	var python []workerFile
	for _, e := range listed {
		name, _, _ := cutCompacting(e.Name())
		k, id, ok := parseName(name)
		switch {
		case strings.HasSuffix(name, tempSuffix):
			c.removeLeftover(e)
		case !ok || !e.Type().IsRegular():
		case isGoID(id):
			c.collectGo(k, id, name, e.Name())
		case isNumericID(id):
			if w, exists := c.writerFinder.inspect(c.dir, e.Name(), id); exists {
				python = append(python, w)
			}
		}
	}
	return c.collectPython(python)
}

// collectPython claims the files of dead workers. It returns an error if it finds no living
// worker, or cannot tell for some.
func (c *compactor) collectPython(files []workerFile) error {
	c.writerFinder.resolve(files, true)
	seen := slices.ContainsFunc(files, func(w workerFile) bool { return len(w.writers) > 0 })
	var invisible error
	var renamed []workerFile
	for _, w := range files {
		_, _, wasFolding := cutCompacting(w.name)
		switch {
		case w.liveness == livenessAlive && wasFolding:
			c.giveBack(w.name)
		case w.liveness == livenessAlive:
		case w.liveness == livenessUnknown || !seen:
			invisible = ErrLivenessUnknown
		case wasFolding:
			renamed = append(renamed, w)
		default:
			if name := c.claim(w.name); name != "" {
				w.name = name
				renamed = append(renamed, w)
			}
		}
	}
	c.addUnlessOpened(renamed)
	return invisible
}

// addUnlessOpened adds renamed files. If a new process opened one just before the rename, the
// file gets its name back.
func (c *compactor) addUnlessOpened(renamed []workerFile) {
	for i := range renamed {
		w := &renamed[i]
		if now, exists := c.writerFinder.inspect(c.dir, w.name, w.id); exists {
			*w = now
		}
	}
	c.writerFinder.resolve(renamed, true)
	for _, w := range renamed {
		name, _, _ := cutCompacting(w.name)
		k, _, _ := parseName(name)
		switch w.liveness {
		case livenessDead:
			c.add(k, name, w.name)
		case livenessAlive:
			c.giveBack(w.name)
		}
	}
}

// collectGo handles a file of a Go process. The lock on the cell file alone decides whether that
// is dead, and a released lock is never taken again. Cell files sort last, so the liveness of
// the other files can be read from them.
func (c *compactor) collectGo(k kind, id, name, listed string) {
	switch {
	case name != listed:
		c.add(k, name, listed)
	case !isAlive(c.dir, id):
		if renamed := c.claim(name); renamed != "" {
			c.add(k, name, renamed)
		}
	}
}

// removeLeftover removes a file that a process was creating when it died.
func (c *compactor) removeLeftover(e fs.DirEntry) {
	_, _, ours := parseName(strings.TrimSuffix(e.Name(), tempSuffix))
	info, err := e.Info()
	if ours && err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > leftoverAge {
		_ = os.Remove(c.path(e.Name()))
	}
}

const leftoverAge = time.Minute

// claim renames a dead process's file and returns the new name.
//
// A file that could not be merged before, on a full disk, may still have that name. Then this one
// waits: its worker has the number of the earlier one.
func (c *compactor) claim(name string) (renamed string) {
	k, _, _ := parseName(name)
	renamed = name + compactingMark + strconv.FormatUint(c.generations[archivePath(c.dir, k)]+1, 10)
	if _, err := os.Lstat(c.path(renamed)); err == nil {
		return ""
	}
	c.checkpoint()
	if os.Rename(c.path(name), c.path(renamed)) != nil {
		return ""
	}
	c.checkpoint()
	return renamed
}

// giveBack restores a file's name, unless another file has it: then the file keeps its new name,
// and is still read. A compactor that died in between has left both names.
func (c *compactor) giveBack(renamed string) {
	name, _, _ := cutCompacting(renamed)
	err := os.Link(c.path(renamed), c.path(name))
	c.checkpoint()
	if err == nil || isSameFile(c.path(renamed), c.path(name)) {
		_ = os.Remove(c.path(renamed))
	}
}

// isSameFile reports whether two names are those of one file.
func isSameFile(a, b string) bool {
	x, err1 := os.Lstat(a)
	y, err2 := os.Lstat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// add makes a file a source, unless it is in an archive already.
func (c *compactor) add(k kind, name, renamed string) {
	path := c.path(renamed)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	_, generation, _ := cutCompacting(renamed)
	s := source{path: path, archivedFile: archivedFile{Name: name, Inode: inodeOf(info), Target: generation}}
	if c.archived[s.archivedFile] {
		c.checkpoint()
		_ = os.Remove(path)
		return
	}
	c.sources[k] = append(c.sources[k], s)
}

// archive merges the sources into their archives. A file that cannot be merged stays in place,
// and is still read.
func (c *compactor) archive() (files int, err error) {
	for k, sources := range c.sources {
		if slices.Contains(archivedKinds, k) { // the others describe a process only while it lives
			if e := c.archiveKind(k, sources); e != nil {
				err = errors.Join(err, fmt.Errorf("multiproc: compacting: %w", e))
				continue
			}
		}
		for _, s := range sources {
			c.checkpoint()
			s.remove()
		}
		files += len(sources)
	}
	return files, err
}

// remove removes a merged file. It keeps a damaged one for inspection.
func (s source) remove() {
	if s.damaged {
		_ = os.Rename(s.path, filepath.Join(filepath.Dir(s.path), s.Name+".damaged"))
	} else {
		_ = os.Remove(s.path)
	}
}

// archiveKind rewrites the archive of a kind and replaces the old one.
func (c *compactor) archiveKind(k kind, sources []source) error {
	archive := archivePath(c.dir, k)
	j := readJournal(archive)
	j.generation++
	if len(j.lineages) == 0 {
		j.lineages = lineages{newLineage()}
	}
	b := newArchiveBuilder(k)
	if _, err := os.Lstat(archive); err == nil {
		damaged, err := addPath(b, archive)
		if err != nil {
			return err // going on would lose the archive
		}
		if damaged {
			_ = os.Link(archive, archive+".damaged") // keep the damaged one for inspection
		}
	}
	for i := range sources {
		s := &sources[i]
		var err error
		if s.damaged, err = addPath(b, s.path); err != nil {
			return err
		}
		entry := s.archivedFile
		entry.Generation = j.generation
		j.files = append(j.files, entry)
	}
	return c.write(archive, b, j)
}

// write replaces an archive and its journal.
func (c *compactor) write(path string, b archiveBuilder, j journal) error {
	j.files = j.files[max(0, len(j.files)-maxJournalFiles):]
	data, err := b.encode()
	if err != nil {
		return err
	}
	if data, err = j.appendTo(data); err != nil {
		return err
	}
	return c.replace(path, data)
}

// replace writes a file atomically: even after a power failure the old or the new one is
// complete.
func (c *compactor) replace(path string, data []byte) error {
	made := path + tempSuffix
	c.checkpoint()
	if err := writeSynced(made, data); err != nil {
		_ = os.Remove(made)
		return err
	}
	c.checkpoint()
	if err := os.Rename(made, path); err != nil {
		return err
	}
	c.checkpoint()
	if d, err := os.Open(c.dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

func writeSynced(path string, data []byte) error {
	f, err := createFile(path)
	if err != nil {
		return err
	}
	chownToDirOwner(f, filepath.Dir(path))
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
