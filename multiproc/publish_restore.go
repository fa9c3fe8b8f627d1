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

// Something may remove the files of running processes: a cleaner of temporary files, or rm. A
// process can still count in a removed file, but others no longer see it. So each process checks
// its files regularly, and recreates missing ones with all its counts. The counts of dead
// processes are in the archives, which each process restores (see archiveRestorer).

// Restore recreates the files of this process that were removed, or that are missing because the
// directory was removed or renamed. It also restores removed archives. It returns how many files
// it restored. While it cannot recreate them, counts go to private memory that other processes
// do not see; the error says why, and [CellsOptions].FailedFunc is called, too.
func (p *Publisher) Restore() (files int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cells.isClosed() {
		return 0, nil // the files now belong to the next compactor
	}
	p.cells.renewClaim()
	p.adoptLayout()
	made, err := p.cells.restore()
	if made {
		files++
	}
	for k, s := range p.files {
		if s.file.isAt(p.cells.pathOf(k)) {
			continue
		}
		if err == nil {
			err = p.rewriteFile(k)
		}
		if err == nil {
			files++
		} else {
			p.abandonFile(k)
		}
	}
	archives, kept := p.restorer.restore()
	files, err = files+archives, cmp.Or(err, kept)
	p.cells.countRestored(files)
	if files > 0 && err == nil {
		p.cells.reportedCauses.Store(0) // report the next failure again
	}
	p.cells.reportFailure(err)
	return files, err
}

// abandonFile closes a file that other processes cannot see. Its values are now unwritten.
func (p *Publisher) abandonFile(k kind) {
	for _, x := range p.known {
		if x.kind == k {
			x.words = nil
		}
	}
	p.files[k].file.close()
	delete(p.files, k)
}

func (c *Cells) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// pathOf returns the path of a file of this process.
func (c *Cells) pathOf(k kind) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.path(c.dir, c.id)
}

func (c *Cells) countRestored(files int) {
	if files == 0 {
		return
	}
	if c.restored == nil { // Publisher.Restore calls do not overlap
		c.restored = c.Add(restoredKey, 1, time.Now().UnixNano())
	}
	c.restored[0].Add(uint64(files))
}

// restore recreates the cell file if it was removed.
func (c *Cells) restore() (made bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	openDirs.Lock()
	defer openDirs.Unlock()
	path := cellsPath(c.dir, c.id)
	if c.file == nil || c.closed || c.file.isAt(path) {
		return false, nil
	}
	c.removed = true
	if err := c.restoreAt(path); err != nil {
		return false, fmt.Errorf("multiproc: %w", err)
	}
	c.removed = false
	return true, nil
}

func (c *Cells) restoreAt(path string) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	return c.file.recreate(path)
}

// isAt reports whether the file has this path. It assumes so on an error.
func (m *mappedFile) isAt(path string) bool {
	own, err := m.file.Stat()
	if err != nil {
		return true
	}
	exists, err := os.Lstat(path)
	switch {
	case err == nil:
		return os.SameFile(own, exists)
	case errors.Is(err, fs.ErrNotExist):
		return false
	}
	return !isUnlinked(own)
}

// recreate replaces a file that has lost its name with a copy, mapped at the same addresses:
// pointers into it stay valid. Counting continues during the copy, and nothing is lost: what was
// added to the old file after it was copied is added to the new one at the end.
func (m *mappedFile) recreate(path string) error {
	made, err := createMapped(path, m.size)
	if err != nil {
		return err
	}
	to := wordsOf(made.pieces[0].bytes)
	copied := m.copyWords(to)
	if err = lockFile(made.file); err == nil {
		err = m.remapTo(made.file)
	}
	if err != nil {
		made.discard()
		return err
	}
	old := m.file
	m.file = made.file
	for i, w := range readWords(old, len(copied)) {
		if later := w - copied[i]; later != 0 {
			to[i].Add(later)
		}
	}
	munmap(made.pieces[0].bytes)
	unlockFile(old)
	_ = old.Close()
	if err = m.publish(); err != nil {
		_ = os.Remove(m.file.Name())
	}
	return err
}

// copyWords copies all words, one at a time.
func (m *mappedFile) copyWords(into []atomic.Uint64) (copied []uint64) {
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

// remapTo maps another file in place of this one, completely or not at all.
func (m *mappedFile) remapTo(with *os.File) error {
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

// readWords reads a file that is no longer written.
func readWords(f *os.File, n int) (last []uint64) {
	bytes := make([]byte, 8*n)
	got, _ := f.ReadAt(bytes, 0)
	for at := 0; at+8 <= got; at += 8 {
		last = append(last, binary.LittleEndian.Uint64(bytes[at:]))
	}
	return last
}
