package multiproc

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Somebody may remove the files of processes that count: a cleaner of temporary
// folders, or rm. They can be counted in all the same, but nobody else sees them. So
// each process looks for its files now and then, and makes those again that are gone,
// with everything that it has counted. What processes had counted that are gone is in the
// archives, which each process puts back (see keeper).

// Restore makes the files of this process again that were removed, or that are not in
// the directory any more since it was removed or renamed, and puts archives back that
// were. It returns how many these were. While they cannot be made again, counts go on in memory that others do not see,
// and the error says why; [CellsOptions].FailedFunc is told, too.
func (p *Publisher) Restore() (files int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cells.isClosed() {
		return 0, nil // the files are whose compacts them
	}
	p.cells.reclaim()
	p.followLayout()
	made, err := p.cells.restore()
	if made {
		files++
	}
	for k, s := range p.stores {
		if s.file.isAt(p.cells.pathOf(k)) {
			continue
		}
		if err == nil {
			err = p.rewrite(k)
		}
		if err == nil {
			files++
		} else {
			p.drop(k)
		}
	}
	archives, kept := p.keeper.restore()
	files, err = files+archives, cmp.Or(err, kept)
	p.cells.countRestored(files)
	if files > 0 && err == nil {
		p.cells.warned.Store(0) // of the next time it is told again
	}
	p.cells.fail(err)
	return files, err
}

// drop lets a file go that nobody else sees. What was in it is unwritten.
func (p *Publisher) drop(k kind) {
	for _, x := range p.known {
		if x.kind == k {
			x.places = nil
		}
	}
	p.stores[k].file.close()
	delete(p.stores, k)
}

func (c *Cells) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// pathOf is where a file of this process belongs.
func (c *Cells) pathOf(k kind) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.fileOf(c.dir, c.id)
}

func (c *Cells) countRestored(files int) {
	if files == 0 {
		return
	}
	if c.restored == nil { // Publisher.Restore is one at a time
		c.restored = c.Add(restoredKey, 1, time.Now().UnixNano())
	}
	c.restored[0].Add(uint64(files))
}

// restore makes the file of cells again if it was removed.
func (c *Cells) restore() (made bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	opening.Lock()
	defer opening.Unlock()
	path := cellsOf(c.dir, c.id)
	if c.file == nil || c.closed || c.file.isAt(path) {
		return false, nil
	}
	c.lost = true
	if err := c.restoreAt(path); err != nil {
		return false, fmt.Errorf("multiproc: %w", err)
	}
	c.lost = false
	return true, nil
}

func (c *Cells) restoreAt(path string) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	return c.file.moveTo(path)
}

// isAt reports whether the file has a name. Where that cannot be told, it has.
func (m *mapped) isAt(path string) bool {
	own, err := m.file.Stat()
	if err != nil {
		return true
	}
	there, err := os.Lstat(path)
	switch {
	case err == nil:
		return os.SameFile(own, there)
	case errors.Is(err, fs.ErrNotExist):
		return false
	}
	return !isUnlinked(own)
}

// moveTo makes a file in the place of one that has lost its name, with the same in it,
// mapped where that one was: whatever points into it stays valid. Counting goes on
// meanwhile, and nothing of it is lost: what was added to the old file after it was
// copied is added to the new one at the end.
func (m *mapped) moveTo(path string) error {
	made, err := createMapped(path, m.size)
	if err != nil {
		return err
	}
	to := wordsOf(made.pieces[0].bytes)
	copied := m.load(to)
	if err = hold(made.file); err == nil {
		err = m.replace(made.file)
	}
	if err != nil {
		made.discard()
		return err
	}
	old := m.file
	m.file = made.file
	for i, w := range lastWords(old, len(copied)) {
		if later := w - copied[i]; later != 0 {
			to[i].Add(later)
		}
	}
	munmap(made.pieces[0].bytes)
	release(old)
	_ = old.Close()
	if err = m.publish(); err != nil {
		_ = os.Remove(m.file.Name())
	}
	return err
}

// load copies all words, as they are one after another.
func (m *mapped) load(into []atomic.Uint64) (copied []uint64) {
	copied = make([]uint64, m.size/8)
	for _, p := range m.pieces {
		from := wordsOf(p.bytes)
		for i := range from {
			at := int(p.at)/8 + i
			copied[at] = from[i].Load()
			into[at].Store(copied[at])
		}
	}
	return copied
}

// replace maps another file in the place of this one, all of it or nothing.
func (m *mapped) replace(with *os.File) error {
	for i, p := range m.pieces {
		if err := remap(with, p.at, p.bytes); err != nil {
			for _, done := range m.pieces[:i] {
				_ = remap(m.file, done.at, done.bytes)
			}
			return fmt.Errorf("%s: %w", filepath.Base(with.Name()), err)
		}
	}
	return nil
}

// lastWords reads what a file holds in which nobody counts any more.
func lastWords(f *os.File, n int) (last []uint64) {
	bytes := make([]byte, 8*n)
	got, _ := f.ReadAt(bytes, 0)
	for at := 0; at+8 <= got; at += 8 {
		last = append(last, binary.LittleEndian.Uint64(bytes[at:]))
	}
	return last
}

// covers reports whether a file that came anew under a name holds what the one before
// it held: an archive that continues it does, and so does what a Go process has made again.
// Any other file with less in it is another process's.
func (f *file) covers(before *file) bool {
	switch {
	case f.id == archiveID:
		return f.lineages.continues(before.lineages)
	case !isOurs(f.id):
		return false
	case f.isCells():
		return f.coversCells(before)
	}
	have := map[seriesID]float64{}
	for i := range f.entries {
		have[f.entries[i].series] += f.entries[i].last
	}
	for i := range before.entries {
		e := &before.entries[i]
		now, there := have[e.series]
		if !there || now < e.last && (f.kind.name == "counter" || e.bucket()) {
			return false
		}
	}
	return true
}

func (f *file) coversCells(before *file) bool {
	have := map[*Cell][]uint64{}
	for i := range f.cells {
		e := &f.cells[i]
		words := lengthened(have[e.cell], len(e.last))
		for n, w := range e.last {
			words[n] += w
		}
		have[e.cell] = words
	}
	for i := range before.cells {
		e := &before.cells[i]
		now, there := have[e.cell]
		if e.cell == nil || e.cell.Live {
			continue
		}
		for n, w := range e.last {
			if n >= len(now) || now[n] < w {
				return false
			}
		}
		if !there {
			return false
		}
	}
	return true
}

// The absent are files that have vanished, and were not folded, by name: of Go processes
// and archives. What they counted counts on until a process has made them again.
type absent map[string]*file

// miss deals with a file that has vanished. Of one that can come again all is remembered,
// of any other what it counted.
func (r *Reader) miss(f *file) {
	archived := f.id == archiveID && len(f.lineages) > 0
	if !archived && (!isOurs(f.id) || f.kind.name == "gauge") {
		f.forget(0, r.merged) // what a process's gauges said goes with the file
		return
	}
	name, _, _ := cutFolding(f.name)
	if before := r.absent[name]; before != nil {
		before.forget(0, r.merged)
	}
	r.absent[name] = f
}

// comeBack forgets those that have come again, or that have been folded meanwhile: what
// they counted is in a file again.
func (a absent) comeBack(r *Reader, done func() contents) {
	if len(a) == 0 {
		return
	}
	for id := range done().since {
		if f := a[id.name]; f != nil {
			f.dropCells(0, r.merged)
			delete(a, id.name)
		}
	}
	for name, f := range r.files {
		plain, _, _ := cutFolding(name)
		before := a[plain]
		switch {
		case before == nil:
		case f.covers(before):
			delete(a, plain)
			before.dropCells(0, r.merged)
		case f.id != archiveID: // an archive can still become one with the absent one
			delete(a, plain)
			before.forget(0, r.merged)
		}
	}
}

// take adds up what the absent had counted.
func (a absent) take(m *merged) {
	for _, f := range a {
		f.damage, f.dead = f.damage[:0], true
		f.takeLast(m, 0)
	}
}

var errReleased = errors.New("multiproc: these cells are closed")

// A cause is a kind of reason for which something is not in a file.
type cause int

// causeOf tells why something could not be written, as far as causes are told apart.
func causeOf(err error) cause {
	for i, is := range causes {
		if is(err) {
			return cause(i + 1)
		}
	}
	return cause(len(causes) + 1)
}

var causes = []func(error) bool{
	isFull,
	func(err error) bool { return errors.Is(err, fs.ErrNotExist) },
	func(err error) bool { return errors.Is(err, fs.ErrPermission) },
	isReadOnly,
}

// IsFull reports whether an error says that there is no space: on the disk, in the
// user's share of it, or in what one file may have.
func IsFull(err error) bool { return isFull(err) }

// IsReadOnly reports whether an error says that a file system cannot be written.
func IsReadOnly(err error) bool { return isReadOnly(err) }
