package multiproc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Cells hold the counts of one process of a Go service, in a file that every other process
// reads. A count is in the file as soon as it has been added, so a killed process loses none.
//
// On a full disk new cells are in the process's own memory, where other processes cannot see
// them; Private returns how many. Cells created after space is free again are in the file. If
// the file is removed, all cells are private until [Publisher.Restore] has recreated it.
//
// All methods are safe for concurrent use.
type Cells struct {
	mu             sync.Mutex
	dir, id        string
	base           string      // the directory that the service has claimed
	service        string      // its name; "" without a claim
	lockedDir      string      // the absolute path of the directory in use
	file           *mappedFile // nil until there is space for it
	used           int64
	cells          []OwnCell
	private        int
	unwritten      int          // samples of other metrics
	failedFunc     func(error)  // called with the reason, once for each cause
	reportedCauses atomic.Int64 // a bit for each cause
	removed        bool         // the file was removed and not yet recreated
	closed         bool
	restored       []atomic.Uint64 // how many files were recreated; nil until the first one
}

// An OwnCell is a cell of this process.
type OwnCell struct {
	CellKey
	Words   []atomic.Uint64
	Created int64 // nanoseconds since the epoch

	private bool
}

// Add creates a cell of n words, all zero. If a cell with this key exists, both count.
func (c *Cells) Add(key CellKey, n int, created int64) []atomic.Uint64 {
	words, err := c.add(key, n, created)
	c.reportFailure(err)
	return words
}

// add creates a cell. If the cell is in private memory, why is the reason.
func (c *Cells) add(key CellKey, n int, created int64) (words []atomic.Uint64, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	words, why = c.allocate(key, n, created)
	if why != nil {
		words = make([]atomic.Uint64, n)
		c.private++
		c.setHeader(privateAt, uint64(c.private))
	}
	c.cells = append(c.cells, OwnCell{key, words, created, why != nil})
	return words, why
}

// reportFailure reports why something is not in a file, once for each cause. The caller must not
// hold the lock: FailedFunc may call methods of c.
func (c *Cells) reportFailure(why error) {
	if why == nil || c.failedFunc == nil || errors.Is(why, errClosed) {
		return
	}
	if bit := int64(1) << causeOf(why); c.reportedCauses.Or(bit)&bit == 0 {
		c.failedFunc(why)
	}
}

// allocate writes a cell to the file.
func (c *Cells) allocate(key CellKey, n int, created int64) ([]atomic.Uint64, error) {
	if key.Text == "" || len(key.Text) > maxKey || n > maxWords {
		return nil, fmt.Errorf("multiproc: a cell with a key of %d bytes and %d words", len(key.Text), n)
	}
	if err := c.ensureFile(); err != nil {
		return nil, err
	}
	size := int64(sizeOfCell(key, n))
	if c.used+size > maxCells {
		return nil, errTooLarge
	}
	bytes := c.file.bytes(c.used, size)
	if bytes == nil {
		if err := c.extendPast(size); err != nil {
			return nil, err
		}
		bytes = c.file.bytes(c.used, size)
	}
	words := encodeCell(bytes, key, n, created)
	c.used += size
	c.setHeader(usedAt, uint64(c.used)) // last: readers stop here
	return wordsOf(words), nil
}

// extendPast makes room for an entry that does not fit in the rest of the last piece. The rest
// becomes a filler.
func (c *Cells) extendPast(size int64) error {
	end := c.file.size
	if err := c.file.extend(size); err != nil {
		return err
	}
	if rest := end - c.used; rest > 0 { // a multiple of 8, so a filler fits
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

// Own returns the cells that this process has created. After Close it returns the private ones
// only: the file then counts like that of any other process. The caller must not modify the
// slice.
func (c *Cells) Own() []OwnCell {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cells
}

// owns reports whether id names the file that these cells are in.
func (c *Cells) owns(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id == id && !c.closed
}

// Private returns how many cells are in private memory.
func (c *Cells) Private() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.privateLocked()
}

// privateLocked is Private for a caller that holds the lock.
func (c *Cells) privateLocked() int {
	if c.removed {
		return len(c.cells)
	}
	return c.private
}

// ID returns the id in the names of the process's files: its PID, when it started, its namespace
// and a number.
func (c *Cells) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// Dir returns the directory of the file: that of the options, or one below it.
func (c *Cells) Dir() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dir
}
