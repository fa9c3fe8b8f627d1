package multiproc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Cells are what a process of a Go service counts in, in a file of the directory
// that every other process reads. A count is in the file the moment it has been
// added, so that a process which is killed loses none.
//
// Where the disk is full, cells are in the process's own memory; Private says how
// many. What they hold others do not see. Space that is free again is used by
// the cells that are made from then on. Should the file be removed, all of them are
// private until [Publisher.Restore] has made it again.
//
// All methods are safe for concurrent use.
type Cells struct {
	mu        sync.Mutex
	dir, id   string
	base      string  // the directory that the service has claimed
	service   string  // its name; "" if there is no claim
	held      string  // the directory, by its absolute name
	file      *mapped // nil as long as there is no space for it
	used      int64
	all       []OwnCell
	private   int
	unwritten int          // samples of other metrics
	failed    func(error)  // called once for each cause, with the reason
	warned    atomic.Int64 // the causes, as bits
	lost      bool         // the file was removed, and is not made again yet
	closed    bool
	restored  []atomic.Uint64 // how many files were made again; nil until there is one
}

// An OwnCell is a cell of this process.
type OwnCell struct {
	CellKey
	Words   []atomic.Uint64
	Created int64 // nanoseconds since the epoch

	private bool
}

// A CellKey is what cells are known by: those of the same key are added up.
type CellKey struct {
	// Text is whatever the owner wants to know of the cell, and its key. Who
	// reads it must not trust it: it comes from a file.
	Text string

	// Live cells go with their process. The others count on when it is gone.
	Live bool
}

// The layout of a file of cells. Numbers are little-endian, whatever the machine
// is, since all that we serve are.
//
//	offset  0  8 bytes  the magic number
//	offset  8  uint64   bytes in use, the header included
//	offset 16  uint64   cells that are in private memory, as on a full disk
//	offset 24  uint64   samples of other metrics that could not be written
//	offset 32  uint64   reserved, up to offset 64
//	then entries, each at a multiple of 8:
//	           uint32   n, the length of the key; 0 for w words that are not used
//	           uint32   w, how many words, and flags
//	           int64    when it was created, in nanoseconds since the epoch
//	           n bytes  the key, and zeros up to the next multiple of 8
//	           w words  uint64 each
const (
	cellsHeader = 64
	cellHeader  = 16 // of an entry; a filler has its first half

	usedAt, privateAt, unwrittenAt = 8, 16, 24

	liveFlag = 1 << 31
	maxWords = 1 << 16
	maxCells = math.MaxInt32 // bytes in use
)

var cellsMagic = []byte("tacho\x00c\x01")

// cellsKind is that of files of cells, as their names say it.
var cellsKind = kind{name: "tacho"}

const cellsSuffix = ".cells"

// padded is a length with what is needed up to the next multiple of 8.
func padded8(n int) int { return (n + 7) &^ 7 }

// Add makes a cell of n words, which are zero. It may have the key of one that is
// there already: both count.
func (c *Cells) Add(key CellKey, n int, created int64) []atomic.Uint64 {
	words, err := c.add(key, n, created)
	c.fail(err)
	return words
}

// add makes a cell, and says why it is in private memory if it is.
func (c *Cells) add(key CellKey, n int, created int64) (words []atomic.Uint64, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	words, why = c.place(key, n, created)
	if why != nil {
		words = make([]atomic.Uint64, n)
		c.private++
		c.setHeader(privateAt, uint64(c.private))
	}
	c.all = append(c.all, OwnCell{key, words, created, why != nil})
	return words, why
}

// fail says why something is not in a file, once for each cause. It must not hold the
// lock: who is told may want to know more.
func (c *Cells) fail(why error) {
	if why == nil || c.failed == nil || errors.Is(why, errReleased) {
		return
	}
	if bit := int64(1) << causeOf(why); c.warned.Or(bit)&bit == 0 {
		c.failed(why)
	}
}

// place finds room for a cell in the file, and puts it there.
func (c *Cells) place(key CellKey, n int, created int64) ([]atomic.Uint64, error) {
	if key.Text == "" || len(key.Text) > maxKey || n > maxWords {
		return nil, fmt.Errorf("multiproc: a cell with a key of %d bytes and %d words", len(key.Text), n)
	}
	if err := c.ready(); err != nil {
		return nil, err
	}
	size := int64(sizeOfCell(key, n))
	if c.used+size > maxCells {
		return nil, errTooLarge
	}
	bytes := c.file.bytes(c.used, size)
	if bytes == nil {
		if err := c.skip(size); err != nil {
			return nil, err
		}
		bytes = c.file.bytes(c.used, size)
	}
	words := putCell(bytes, key, n, created)
	c.used += size
	c.setHeader(usedAt, uint64(c.used)) // last: nobody reads beyond it
	return wordsOf(words), nil
}

// sizeOfCell is how many bytes a cell of n words takes.
func sizeOfCell(key CellKey, n int) int { return cellHeader + padded8(len(key.Text)) + 8*n }

// putCell writes a cell into bytes that are zero, and returns those of its words.
func putCell(bytes []byte, key CellKey, n int, created int64) (words []byte) {
	flagged := uint32(n)
	if key.Live {
		flagged |= liveFlag
	}
	binary.LittleEndian.PutUint32(bytes, uint32(len(key.Text)))
	binary.LittleEndian.PutUint32(bytes[4:], flagged)
	binary.LittleEndian.PutUint64(bytes[8:], uint64(created))
	copy(bytes[cellHeader:], key.Text)
	return bytes[cellHeader+padded8(len(key.Text)):]
}

// skip makes room for an entry that the rest of the last piece does not hold. That
// rest becomes an entry that says nothing.
func (c *Cells) skip(size int64) error {
	end := c.file.size
	if err := c.file.extend(size); err != nil {
		return err
	}
	if rest := end - c.used; rest > 0 { // a multiple of 8, so that a filler fits
		bytes := c.file.bytes(c.used, rest)
		binary.LittleEndian.PutUint32(bytes[4:], uint32(rest/8-1))
		c.used = end
	}
	return nil
}

func (c *Cells) setHeader(at int64, v uint64) {
	if c.file != nil {
		wordsOf(c.file.bytes(at, 8))[0].Store(v)
	}
}

// wordsOf takes bytes, which begin at a multiple of 8, for words.
func wordsOf(bytes []byte) []atomic.Uint64 {
	if len(bytes) < 8 {
		return nil
	}
	return unsafe.Slice((*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(bytes))), len(bytes)/8)
}

// Own returns the cells that this process has made. Once they are closed these are the
// private ones only: the file counts as that of any other process. The slice must not be
// written to.
func (c *Cells) Own() []OwnCell {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// holds reports whether a worker's file of cells is the one that is counted in here.
func (c *Cells) holds(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id == id && !c.closed
}

// Private is how many cells are in private memory.
func (c *Cells) Private() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.privateNow()
}

// privateNow is Private, under the lock.
func (c *Cells) privateNow() int {
	if c.lost {
		return len(c.all)
	}
	return c.private
}

// ID is what the process's files are called by: its number, when it began, and
// how many others it has had.
func (c *Cells) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// Dir is the directory that the file is in: that of the options, or one below.
func (c *Cells) Dir() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dir
}
