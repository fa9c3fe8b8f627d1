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
	"syscall"
	"time"
)

// Compact folds the files of processes that are gone into one archive for each
// type and mode, and removes them, so that files, bytes and the time of a scrape
// are bounded by the living. It returns how many files were folded.
//
// Archives that somebody has removed since this Reader compacted, or while its Publisher
// runs, are put back before.
//
// Totals do not change. It may be killed at any moment, and goes on where it
// was: the archive is replaced as a whole, and names what is in it. Gauges of the
// dead are folded by their mode; those of the modes live… and all, which speak of
// a process itself, go with it.
//
// Workers of Python's client are dead when nobody has their file open for writing or
// mapped, whatever it is called; see [ErrInvisible].
func (r *Reader) Compact() (files int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	unlock, err := lockDir(r.opts.Dir)
	if err != nil {
		return 0, err
	}
	defer unlock()
	restored, missing := r.keeper.restoreLocked()
	r.restored.add(restored, r.opts.Own)
	defer r.keeper.follow()
	c := &compactor{
		dir: r.opts.Dir, generations: archives(r.opts.Dir, archivedKinds),
		done: readContents(r.opts.Dir, nil).exactly, step: r.step, sight: r.sight,
	}
	invisible := c.collect()
	if invisible != nil && !errors.Is(invisible, ErrInvisible) {
		return 0, invisible
	}
	files, err = c.fold()
	err = errors.Join(err, invisible, missing)
	r.folded.add(files, r.opts.Own)
	return files, err
}

// lockDir keeps other compactors away, for as long as this process lives at most.
func lockDir(dir string) (unlock func(), err error) {
	f, err := openLock(dir, true)
	if err != nil {
		return nil, fmt.Errorf("multiproc: compacting: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, ErrBusy
	}
	return func() { _ = f.Close() }, nil
}

// shareDir keeps compactors away while a reader reads. Where that cannot be had,
// as in a directory that is not ours to write, or where somebody does not let go of
// the lock, it does nothing: no scrape waits without end.
func shareDir(dir string) (unlock func()) {
	f, err := openLock(dir, false)
	if err != nil {
		return func() {}
	}
	deadline := time.Now().Add(shareWait)
	for syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	return func() { _ = f.Close() }
}

// shareWait is how long a reader waits for a compactor.
const shareWait = 5 * time.Second

// A compactor is one run of Compact.
type compactor struct {
	dir         string
	generations map[string]uint64 // of the archives, as they are found
	done        map[folded]bool   // what is in archives already
	sources     map[kind][]source
	sight       *sight
	step        func() // called between instructions; tests end the process there
}

// A source is a file to fold.
type source struct {
	path string
	folded
	damaged bool // not all of it could be read
}

func (c *compactor) between() {
	if c.step != nil {
		c.step()
	}
}

func (c *compactor) path(name string) string { return filepath.Join(c.dir, name) }

// collect finds the files of dead processes and takes them out of the way, under
// a name that no new process opens. Those of Go processes it finds also where the
// others are invisible.
func (c *compactor) collect() error {
	listed, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("multiproc: compacting: %w", err)
	}
	c.sources = map[kind][]source{}
	var python []written
	for _, e := range listed {
		name, _, _ := cutFolding(e.Name())
		k, id, ok := parseName(name)
		switch {
		case strings.HasSuffix(name, temporary):
			c.sweep(e)
		case !ok || !e.Type().IsRegular():
		case isOurs(id):
			c.collectOurs(k, id, name, e.Name())
		case isNumber(id):
			if w, there := c.sight.look(c.dir, e.Name(), id); there {
				python = append(python, w)
			}
		}
	}
	return c.collectPython(python)
}

// collectPython takes the files of workers that are dead. Where none can be seen that
// lives, or of some it cannot be told, that is an error.
func (c *compactor) collectPython(files []written) error {
	c.sight.judge(files, true)
	seen := slices.ContainsFunc(files, func(w written) bool { return len(w.by) > 0 })
	var invisible error
	var taken []written
	for _, w := range files {
		_, _, wasFolding := cutFolding(w.name)
		switch {
		case w.life == isAlive && wasFolding:
			c.giveBack(w.name)
		case w.life == isAlive:
		case w.life == unknownLife || !seen:
			invisible = ErrInvisible
		case wasFolding:
			taken = append(taken, w)
		default:
			if name := c.rename(w.name); name != "" {
				w.name = name
				taken = append(taken, w)
			}
		}
	}
	c.addUnlessOpened(taken)
	return invisible
}

// addUnlessOpened adds files that have been renamed. Should a new process have opened
// one just before that, it gets it back.
func (c *compactor) addUnlessOpened(taken []written) {
	for i := range taken {
		w := &taken[i]
		if now, there := c.sight.look(c.dir, w.name, w.id); there {
			*w = now
		}
	}
	c.sight.judge(taken, true)
	for _, w := range taken {
		name, _, _ := cutFolding(w.name)
		k, _, _ := parseName(name)
		switch w.life {
		case isDead:
			c.add(k, name, w.name)
		case isAlive:
			c.giveBack(w.name)
		}
	}
}

// collectOurs deals with a file of a Go process, of which nobody need be seen to
// know that it is dead: its cells are held or not, and are never held again. They
// come last, by their name, so that the others can be told by them.
func (c *compactor) collectOurs(k kind, id, name, listed string) {
	switch {
	case name != listed:
		c.add(k, name, listed)
	case !alive(c.dir, id):
		if taken := c.rename(name); taken != "" {
			c.add(k, name, taken)
		}
	}
}

// sweep takes away what a process has left that died while it made a file.
func (c *compactor) sweep(e fs.DirEntry) {
	_, _, ours := parseName(strings.TrimSuffix(e.Name(), temporary))
	info, err := e.Info()
	if ours && err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > sweepAfter {
		_ = os.Remove(c.path(e.Name()))
	}
}

const sweepAfter = time.Minute

// rename takes a dead process's file out of the way, and returns its name then.
func (c *compactor) rename(name string) (taken string) {
	k, _, _ := parseName(name)
	taken = name + folding + strconv.FormatUint(c.generations[archiveOf(c.dir, k)]+1, 10)
	c.between()
	if os.Rename(c.path(name), c.path(taken)) != nil {
		return ""
	}
	c.between()
	return taken
}

// giveBack gives a file its name back, unless another one has it: then it stays as it is,
// and counts.
func (c *compactor) giveBack(taken string) {
	name, _, _ := cutFolding(taken)
	if os.Link(c.path(taken), c.path(name)) == nil {
		_ = os.Remove(c.path(taken))
	}
}

// add makes a file a source, unless it is in an archive already.
func (c *compactor) add(k kind, name, taken string) {
	path := c.path(taken)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	_, generation, _ := cutFolding(taken)
	s := source{path: path, folded: folded{Name: name, Inode: inodeOf(info), For: generation}}
	if c.done[s.folded] {
		c.between()
		_ = os.Remove(path)
		return
	}
	c.sources[k] = append(c.sources[k], s)
}

// fold puts the sources into their archives. What cannot be folded stays where
// it is, and counts.
func (c *compactor) fold() (files int, err error) {
	for k, sources := range c.sources {
		if slices.Contains(archivedKinds, k) { // others say nothing when their process is gone
			if e := c.foldKind(k, sources); e != nil {
				err = errors.Join(err, fmt.Errorf("multiproc: compacting: %w", e))
				continue
			}
		}
		for _, s := range sources {
			c.between()
			s.remove()
		}
		files += len(sources)
	}
	return files, err
}

// remove takes a file away that has been folded. A damaged one is kept, for
// whoever wants to know what could not be read of it.
func (s source) remove() {
	if s.damaged {
		_ = os.Rename(s.path, filepath.Join(filepath.Dir(s.path), s.Name+".damaged"))
	} else {
		_ = os.Remove(s.path)
	}
}

// foldKind writes a kind's archive anew and puts it in the place of the old one.
func (c *compactor) foldKind(k kind, sources []source) error {
	archive := archiveOf(c.dir, k)
	j := readJournal(archive)
	j.generation++
	if len(j.lineages) == 0 {
		j.lineages = lineages{newLineage()}
	}
	into := newArchive(k)
	if _, err := os.Lstat(archive); err == nil {
		damaged, err := collect(into, archive)
		if err != nil {
			return err // it would be lost
		}
		if damaged {
			_ = os.Link(archive, archive+".damaged") // for whoever wants to know what could not be read
		}
	}
	for i := range sources {
		s := &sources[i]
		var err error
		if s.damaged, err = collect(into, s.path); err != nil {
			return err
		}
		entry := s.folded
		entry.In = j.generation
		j.files = append(j.files, entry)
	}
	return c.write(archive, into, j)
}

// write puts an archive with its journal in the place of the one before.
func (c *compactor) write(path string, a archive, j journal) error {
	j.files = j.files[max(0, len(j.files)-journalLimit):]
	data, err := a.encode()
	if err != nil {
		return err
	}
	if data, err = j.appendTo(data); err != nil {
		return err
	}
	return c.replace(path, data)
}

// replace writes a file such that whoever looks finds the old one or the new
// one, also after the machine has gone down.
func (c *compactor) replace(path string, data []byte) error {
	made := path + temporary
	c.between()
	if err := writeSynced(made, data); err != nil {
		_ = os.Remove(made)
		return err
	}
	c.between()
	if err := os.Rename(made, path); err != nil {
		return err
	}
	c.between()
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
	giveToOwnerOf(f, filepath.Dir(path))
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
