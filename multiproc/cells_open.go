package multiproc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// CellsOptions configure [OpenCells].
type CellsOptions struct {
	// Dir is the directory, which is made if it is not there.
	Dir string

	// FailedFunc is told once, with the reason, when cells come to be in private
	// memory.
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
	c := &Cells{failed: o.FailedFunc}
	dir := o.Dir
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
// name for it.
var opening sync.Mutex

// open makes the file in a directory, and reports whether other Cells of the
// process are there.
func (c *Cells) open(dir string) (taken bool, err error) {
	opening.Lock()
	defer opening.Unlock()
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
		return false, err
	}
}

// ready makes the file, where there was no space for it before.
func (c *Cells) ready() error {
	if c.file != nil {
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

// Close lets the file go. What is added afterwards is lost, so that it is only
// called when nothing is: a process need not call it before it ends.
func (c *Cells) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil {
		return nil
	}
	release(c.file.file)
	return c.file.file.Close() // and not the memory, which cells point into
}
