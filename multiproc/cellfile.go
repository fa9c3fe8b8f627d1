package multiproc

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
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

	base        []uint64 // what files had that have vanished
	baseCreated int64
}

// A cellEntry is a cell of a file.
type cellEntry struct {
	cell    *Cell // nil where there are too many
	at      int   // where its words begin
	created int64
	header  [2]uint32
	last    []uint64 // its words, when they were last read
}

// end is where the entry's words end.
func (e *cellEntry) end() int { return e.at + 8*int(e.header[1]&^liveFlag) }

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
		c.Seen, c.Created = c.base != nil, c.baseCreated
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
func (c *Cell) keep(words []uint64, created int64) {
	if c.Live {
		return
	}
	if c.baseCreated == 0 || created < c.baseCreated {
		c.baseCreated = created
	}
	c.base = lengthened(c.base, len(words))
	for i, w := range words {
		c.base[i] += w
	}
	c.add(words, created)
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
func (f *file) readCells(in *os.File, m *merged, b *buffer) {
	f.damage = f.damage[:0]
	used := f.readCellsHeader(in)
	data, err := b.read(in, 0, max(used, cellsHeader))
	if err != nil {
		f.note(Unreadable)
		data = nil
	}
	if len(data) < used {
		f.note(Truncated)
	}
	data = data[:min(len(data), used)]
	f.takeCells(data)
	f.parseCells(data, m)
	f.addCells(m)
}

// readCellsHeader returns how many bytes are in use, as far as the file has them.
func (f *file) readCellsHeader(in *os.File) int {
	var header [cellsHeader]byte
	n, err := in.ReadAt(header[:], 0)
	used := binary.LittleEndian.Uint64(header[usedAt:])
	switch {
	case n == 0 && err == io.EOF:
		used = 0
	case !bytes.HasPrefix(header[:n], cellsMagic) || n < cellsHeader || used < cellsHeader || used%8 != 0:
		f.note(BadHeader)
		used = 0
	case used > f.sizeFor(in, used):
		f.note(Truncated)
		used = uint64(f.info.Size()) &^ 7
	}
	if used > maxCells {
		f.note(BadHeader)
		used = 0
	}
	if used > 0 {
		f.private = binary.LittleEndian.Uint64(header[privateAt:])
		f.unwritten = binary.LittleEndian.Uint64(header[unwrittenAt:])
	}
	if f.parsed > int(max(used, cellsHeader)) {
		f.note(Shrunk)
	}
	f.used = int64(used)
	return int(used)
}

// takeCells reads the words of the entries that are known. Where another entry
// stands now, what stood there counts on, and the rest is new.
func (f *file) takeCells(data []byte) {
	for i := range f.cells {
		e := &f.cells[i]
		if e.end() > len(data) {
			return // shrunk
		}
		if !e.take(data) {
			f.forgetCells(i)
			return
		}
	}
}

// take reads the words of an entry, if it is still there.
func (e *cellEntry) take(data []byte) bool {
	key := e.at - padded8(int(e.header[0]))
	begin := key - cellHeader
	if binary.LittleEndian.Uint32(data[begin:]) != e.header[0] || binary.LittleEndian.Uint32(data[begin+4:]) != e.header[1] {
		return false
	}
	if e.cell != nil && string(data[key:key+int(e.header[0])]) != e.cell.Text {
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
		if why != "" {
			f.note(why)
			break
		}
		if e.at > 0 {
			f.cells = append(f.cells, e)
		}
		at = next
		f.parsed = at
	}
}

// cellAt reads the entry at an offset. One without a place for words says nothing.
func cellAt(data []byte, at int, m *merged) (e cellEntry, next int, why Reason) {
	if at+8 > len(data) {
		return e, at, Truncated
	}
	e.header = [2]uint32{binary.LittleEndian.Uint32(data[at:]), binary.LittleEndian.Uint32(data[at+4:])}
	n, w := int(e.header[0]), int(e.header[1]&^liveFlag)
	if n == 0 {
		if w > (len(data)-at-8)/8 {
			return e, at, Truncated
		}
		return e, at + 8 + 8*w, ""
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
	if e.cell != nil {
		e.last = make([]uint64, w)
		e.take(data)
	}
	return e, next, ""
}

// addCells adds the last words of all entries up. Those that are live count while
// their process lives.
func (f *file) addCells(m *merged) {
	for i := range f.cells {
		switch e := &f.cells[i]; {
		case e.cell == nil:
			f.note(Limit)
		case !e.cell.Live || !f.dead:
			e.cell.add(e.last, e.created)
		}
	}
}

// forgetCells takes entries out that are not in the file any more. What they have
// counted is kept.
func (f *file) forgetCells(from int) {
	for _, e := range f.cells[from:] {
		if e.cell != nil {
			e.cell.keep(e.last, e.created)
		}
	}
	f.parsed = cellsHeader
	if from > 0 {
		f.parsed = f.cells[from-1].end()
	}
	f.cells = f.cells[:from]
}

// cellsOf is the path of a worker's cells.
func cellsOf(dir, id string) string { return cellsKind.fileOf(dir, id) }
