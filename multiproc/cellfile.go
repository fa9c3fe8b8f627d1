package multiproc

import (
	"bytes"
	"encoding/binary"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// A Cell is what all processes together have counted under one key. It stays the
// same from one scan to the next, and belongs to the Reader: it is to be looked
// at in [Reader.Cells] only.
type Cell struct {
	CellKey
	Words   []uint64 // as many as the longest has; sums of all
	Created int64    // of the oldest, in nanoseconds since the epoch
	Seen    bool     // it is there in this scan

	// Data is whatever the caller of Cells wants to keep with it.
	Data any

	base []uint64 // what files had that have vanished
}

// A cellEntry is a cell of a file.
type cellEntry struct {
	cell    *Cell
	at      int // where its words begin
	created int64
	header  [2]uint32
	last    []uint64 // its words, when they were last read
}

// cell finds the cell of a key, or makes it. It is nil where there are too many.
func (m *merged) cell(key CellKey) *Cell {
	if c, ok := m.cells[key]; ok {
		return c
	}
	if len(m.cells) >= m.limit {
		return nil
	}
	key.Text = strings.Clone(key.Text)
	c := &Cell{CellKey: key}
	m.cells[key] = c
	m.cellList = append(m.cellList, c)
	return c
}

// beginCells forgets what the last scan found.
func (m *merged) beginCells() {
	for _, c := range m.cellList {
		c.Seen, c.Created = c.base != nil, 0
		clear(c.Words)
		copy(c.Words, c.base)
	}
}

// add adds words up.
func (c *Cell) add(words []uint64, created int64) {
	c.Words = lengthened(c.Words, len(words))
	for i, w := range words {
		c.Words[i] += w
	}
	if c.Created == 0 || created < c.Created {
		c.Created = created
	}
	c.Seen = true
}

// addLoaded is add for words that are being counted in.
func (c *Cell) addLoaded(words []atomic.Uint64, created int64) {
	c.Words = lengthened(c.Words, len(words))
	for i := range words {
		c.Words[i] += words[i].Load()
	}
	c.add(nil, created)
}

// keep lets words count on that no file has any more.
func (c *Cell) keep(words []uint64) {
	if c.Live {
		return
	}
	c.base = lengthened(c.base, len(words))
	for i, w := range words {
		c.base[i] += w
	}
	c.add(words, c.Created)
}

func lengthened(words []uint64, n int) []uint64 {
	if more := n - len(words); more > 0 {
		return append(words, make([]uint64, more)...)
	}
	return words
}

// isCells reports whether the file is one of cells.
func (f *file) isCells() bool { return f.kind == cellsKind }

// readCells is read for a file of cells.
func (f *file) readCells(in io.ReaderAt, m *merged, b *buffer) {
	f.damage = f.damage[:0]
	used := f.readCellsHeader(in)
	known := f.parsed
	data, err := b.read(in, 0, max(used, cellsHeader))
	if err != nil {
		f.note(Unreadable)
		data = nil
	}
	if len(data) < used {
		f.note(Truncated)
	}
	data = data[:min(len(data), used)]
	taken := 0
	for taken < len(f.cells) && f.cells[taken].take(data) {
		taken++
	}
	if len(data) >= known && taken < len(f.cells) {
		// Another entry stands there now: what stood there counts on.
		f.forgetCells(taken)
	}
	f.parseCells(data, m)
	f.addCells(m)
}

// readCellsHeader returns how many bytes are in use, as far as the file has them.
func (f *file) readCellsHeader(in io.ReaderAt) int {
	var header [cellsHeader]byte
	if n, err := in.ReadAt(header[:], 0); n < cellsHeader || !bytes.Equal(header[:len(cellsMagic)], cellsMagic) {
		if n > 0 || err != io.EOF {
			f.note(BadHeader)
		}
		f.used = 0
		return 0
	}
	used := binary.LittleEndian.Uint64(header[usedAt:])
	f.private = binary.LittleEndian.Uint64(header[privateAt:])
	f.unwritten = binary.LittleEndian.Uint64(header[unwrittenAt:])
	switch size := f.info.Size(); {
	case used < cellsHeader || used%8 != 0:
		f.note(BadHeader)
		used = 0
	case used > uint64(size):
		f.note(Truncated)
		used = uint64(size) &^ 7
	}
	if f.parsed > int(max(used, cellsHeader)) {
		f.note(Shrunk)
	}
	f.used = int64(used)
	return int(used)
}

// take reads the words of an entry again, if it is still there.
func (e *cellEntry) take(data []byte) bool {
	if e.at+8*len(e.last) > len(data) {
		return false
	}
	begin := e.at - cellHeader - padded8(int(e.header[0]))
	if binary.LittleEndian.Uint32(data[begin:]) != e.header[0] || binary.LittleEndian.Uint32(data[begin+4:]) != e.header[1] {
		return false
	}
	for i := range e.last {
		e.last[i] = binary.LittleEndian.Uint64(data[e.at+8*i:])
	}
	return true
}

// parseCells finds the entries behind those that are known. At the first damage
// it stops: nothing says where the next one would begin.
func (f *file) parseCells(data []byte, m *merged) {
	at := max(f.parsed, cellsHeader)
	for at < len(data) {
		e, next, why := cellAt(data, at, m)
		if why != "" && why != Limit {
			f.note(why)
			break
		}
		f.note(why)
		if e.cell != nil {
			f.cells = append(f.cells, e)
		}
		at = next
		f.parsed = at
	}
}

// cellAt reads the entry at an offset. One without a cell says nothing.
func cellAt(data []byte, at int, m *merged) (e cellEntry, next int, why Reason) {
	if at+8 > len(data) {
		return e, at, Truncated
	}
	e.header = [2]uint32{binary.LittleEndian.Uint32(data[at:]), binary.LittleEndian.Uint32(data[at+4:])}
	n, w := int(e.header[0]), int(e.header[1]&^liveFlag)
	if n == 0 {
		next = at + 8 + 8*w
		if next > len(data) {
			return e, at, Truncated
		}
		return e, next, ""
	}
	if n > maxKey || w > maxWords {
		return e, at, BadLength
	}
	e.at = at + cellHeader + padded8(n)
	next = e.at + 8*w
	if next > len(data) {
		return e, at, Truncated
	}
	e.created = int64(binary.LittleEndian.Uint64(data[at+8:]))
	e.cell = m.cell(CellKey{string(data[at+cellHeader : at+cellHeader+n]), e.header[1]&liveFlag != 0})
	if e.cell == nil {
		return e, next, Limit
	}
	e.last = make([]uint64, w)
	e.take(data)
	return e, next, ""
}

// addCells adds the last words of all entries up. Those that are live count while
// their process lives.
func (f *file) addCells(m *merged) {
	for i := range f.cells {
		if e := &f.cells[i]; !e.cell.Live || !f.dead {
			e.cell.add(e.last, e.created)
		}
	}
}

// forgetCells takes entries out that are not in the file any more. What they have
// counted is kept.
func (f *file) forgetCells(from int) {
	for _, e := range f.cells[from:] {
		e.cell.keep(e.last)
	}
	f.parsed = cellsHeader
	if from > 0 {
		last := &f.cells[from-1]
		f.parsed = last.at + 8*len(last.last)
	}
	f.cells = f.cells[:from]
}

// cellsOf is the path of a worker's cells.
func cellsOf(dir, id string) string {
	return filepath.Join(dir, cellsKind.name+"_"+id+cellsSuffix)
}
