package multiproc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// CellsOptions configures [OpenCells].
type CellsOptions struct {
	// Dir is the directory. OpenCells creates it if needed.
	Dir string

	// Service is the name of the service that claims the directory. OpenCells returns an
	// *OtherServiceError if another service has claimed it. If Python's client already writes
	// into the directory and the service has not claimed it before, the subdirectory [GoSubdir]
	// is used. An empty name claims nothing.
	Service string

	// FailedFunc is called with the reason when cells go to private memory: once for a full
	// disk, once for a missing directory, and so on.
	FailedFunc func(error)
}

// OpenCells creates this process's file. A full disk is not an error: all cells are then in
// private memory. If the process already has Cells in the directory, the new ones use a
// subdirectory, 2 for the second and so on, so that the n-th Cells of every process are summed.
func OpenCells(o CellsOptions) (*Cells, error) {
	if o.Dir == "" {
		return nil, errors.New("multiproc: CellsOptions.Dir is missing: name the directory that the processes share")
	}
	dir, err := claimDir(o.Dir, o.Service)
	if err != nil {
		return nil, fmt.Errorf("multiproc: %w", err)
	}
	o.Dir = dir
	c := &Cells{failedFunc: o.FailedFunc, base: dir, service: o.Service}
	for n := 2; ; n++ {
		taken, err := c.open(dir)
		if isFull(err) {
			c.dir = dir
			c.reportFailure(err)
			return c, nil
		}
		if err != nil {
			return nil, fmt.Errorf("multiproc: %w", err)
		}
		if !taken {
			return c, nil
		}
		dir = filepath.Join(o.Dir, strconv.Itoa(n))
		if os.MkdirAll(dir, 0o755) == nil {
			if err := CheckDirOwner(dir); err != nil {
				return nil, fmt.Errorf("multiproc: %w", err)
			}
		}
	}
}

// openDirs lets one Cells at a time create its file, because those of a process share its name.
// A directory stays in use while the file is removed.
var openDirs = struct {
	sync.Mutex
	held map[string]bool
}{held: map[string]bool{}}

// open creates the file in a directory, and reports whether other Cells of the process use it.
func (c *Cells) open(dir string) (taken bool, err error) {
	openDirs.Lock()
	defer openDirs.Unlock()
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	if openDirs.held[absolute] {
		return true, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	for n := 0; ; n++ {
		id := processID(n)
		path := cellsPath(dir, id)
		if f, _, _ := openRegular(path); f != nil {
			held := isLocked(f)
			_ = f.Close()
			if held {
				return true, nil
			}
			continue // the process ran another program before: exec keeps the PID
		}
		err := c.create(path)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		c.dir, c.id = dir, id
		if err == nil {
			c.lockedDir = absolute
			openDirs.held[absolute] = true
		}
		return false, err
	}
}

// ensureFile creates the file if there was no space for it before.
func (c *Cells) ensureFile() error {
	switch {
	case c.closed:
		return errClosed
	case c.file != nil:
		return nil
	}
	taken, err := c.open(c.dir)
	if taken {
		return errDirInUse
	}
	c.setHeader(privateAt, uint64(c.private))
	c.setHeader(unwrittenAt, uint64(c.unwritten))
	return err
}

// create creates a file that is locked before it becomes visible: an unlocked one belongs to a
// dead process.
func (c *Cells) create(path string) error {
	m, err := createMapped(path, cellsHeader)
	if err != nil {
		return err
	}
	copy(m.bytes(0, cellsHeader), cellsMagic)
	c.file, c.used = m, cellsHeader
	c.setHeader(usedAt, cellsHeader)
	if err = lockFile(m.file); err == nil {
		err = m.publishNew()
	}
	if err != nil {
		c.file = nil
		m.discard()
	}
	return err
}

// Close releases the file: another process merges it into the archive, and the next Cells of
// this process may use the directory. Counts added afterwards may be lost, so call it when
// nothing counts any more. A process need not call it before it exits.
func (c *Cells) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed, c.removed = true, false
	if c.file == nil {
		return nil
	}
	c.releaseDir()
	c.cells = slices.DeleteFunc(slices.Clone(c.cells), func(x OwnCell) bool { return !x.private })
	unlockFile(c.file.file)
	return c.file.file.Close() // the memory stays mapped, because cells point into it
}

func (c *Cells) releaseDir() {
	openDirs.Lock()
	defer openDirs.Unlock()
	delete(openDirs.held, c.lockedDir)
}
