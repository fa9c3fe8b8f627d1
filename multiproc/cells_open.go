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

// CellsOptions configure [OpenCells].
type CellsOptions struct {
	// Dir is the directory, which is made if it is not there.
	Dir string

	// Service is the name of the service, to which the directory belongs from then
	// on. For the directory of another one OpenCells returns an *OtherServiceError. In one that
	// Python's client writes into, unless the service was there before, the folder go below
	// it is used. With no name the directory is anybody's.
	Service string

	// FailedFunc is told the reason when cells come to be in private memory: once for
	// want of space, once for a directory that is gone, and so on.
	FailedFunc func(error)
}

// OpenCells makes this process's file. A full disk is no error: then all cells are
// in private memory. Where the process has Cells in the directory already, these
// are in a directory below it, 2 for the second ones and so on, so that the same
// ones of every process are added up.
func OpenCells(o CellsOptions) (*Cells, error) {
	if o.Dir == "" {
		return nil, errors.New("multiproc: CellsOptions.Dir is missing")
	}
	dir, err := settle(o.Dir, o.Service)
	if err != nil {
		return nil, fmt.Errorf("multiproc: %w", err)
	}
	o.Dir = dir
	c := &Cells{failed: o.FailedFunc, base: dir, service: o.Service}
	for n := 2; ; n++ {
		taken, err := c.open(dir)
		if isFull(err) {
			c.dir = dir
			c.fail(err)
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
			if err := PlainDir(dir); err != nil {
				return nil, fmt.Errorf("multiproc: %w", err)
			}
		}
	}
}

// opening lets one Cells at a time make its file: those of a process have the same
// name for it. They hold their directories also while their file is removed.
var opening = struct {
	sync.Mutex
	held map[string]bool
}{held: map[string]bool{}}

// open makes the file in a directory, and reports whether other Cells of the
// process are there.
func (c *Cells) open(dir string) (taken bool, err error) {
	opening.Lock()
	defer opening.Unlock()
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	if opening.held[absolute] {
		return true, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	for n := 0; ; n++ {
		id := processID(n)
		path := cellsOf(dir, id)
		if f, _ := new(file).open(path); f != nil {
			held := isHeld(f)
			_ = f.Close()
			if held {
				return true, nil
			}
			continue // the process was another program until now: exec keeps its number
		}
		err := c.create(path)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		c.dir, c.id = dir, id
		if err == nil {
			c.held = absolute
			opening.held[absolute] = true
		}
		return false, err
	}
}

// ready makes the file, where there was no space for it before.
func (c *Cells) ready() error {
	switch {
	case c.closed:
		return errReleased
	case c.file != nil:
		return nil
	}
	taken, err := c.open(c.dir)
	if taken {
		return errNoFile
	}
	c.setHeader(privateAt, uint64(c.private))
	c.setHeader(unwrittenAt, uint64(c.unwritten))
	return err
}

// create makes a file that is held from the first moment on at which it can be
// seen: what nobody holds is taken to be a dead process's.
func (c *Cells) create(path string) error {
	m, err := createMapped(path, cellsHeader)
	if err != nil {
		return err
	}
	copy(m.bytes(0, cellsHeader), cellsMagic)
	c.file, c.used = m, cellsHeader
	c.setHeader(usedAt, cellsHeader)
	if err = hold(m.file); err == nil {
		err = m.publishNew()
	}
	if err != nil {
		c.file = nil
		m.discard()
	}
	return err
}

// Close lets the file go: another process folds it into the archive, and the next Cells
// of this process may have the directory. What is added afterwards others may not see, so
// that it is called when nothing is: a process need not call it before it ends.
func (c *Cells) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed, c.lost = true, false
	if c.file == nil {
		return nil
	}
	c.letGo()
	c.all = slices.DeleteFunc(slices.Clone(c.all), func(x OwnCell) bool { return !x.private })
	release(c.file.file)
	return c.file.file.Close() // and not the memory, which cells point into
}

func (c *Cells) letGo() {
	opening.Lock()
	defer opening.Unlock()
	delete(opening.held, c.held)
}
