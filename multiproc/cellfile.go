package multiproc

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"slices"
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

// A cellEntry is a cell of a file, or a gap: all those side by side that are too many.
type cellEntry struct {
	cell    *Cell // nil of a gap
	skipped int   // how many are in a gap
	at      int   // where its words begin; of a gap, where that ends
	created int64
	header  [2]uint32
	last    []uint64 // its words, when they were last read
}

// end is where the entry's words end.
func (e *cellEntry) end() int { return e.at + 8*int(e.header[1]&^liveFlag) }

// begin is where the entry begins.
func (e *cellEntry) begin() int { return e.at - padded8(int(e.header[0])) - cellHeader }

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
	w := &window{in: in, buffer: b, used: f.readCellsHeader(in)}
	f.takeCells(w, m)
	f.parseCells(w, m)
	if w.err != nil && !slices.Contains(f.damage, Unreadable) {
		f.note(Unreadable)
	}
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
func (f *file) takeCells(w *window, m *merged) {
	for i := range f.cells {
		e := &f.cells[i]
		if e.cell == nil {
			continue
		}
		data := w.at(e.begin(), e.end()-e.begin())
		if data == nil {
			return // shrunk
		}
		if !e.take(data) {
			f.forgetCells(i, m)
			return
		}
	}
}

// take reads the words of an entry, if it is still there.
func (e *cellEntry) take(data []byte) bool {
	n := int(e.header[0])
	if binary.LittleEndian.Uint32(data) != e.header[0] || binary.LittleEndian.Uint32(data[4:]) != e.header[1] {
		return false
	}
	if string(data[cellHeader:cellHeader+n]) != e.cell.Text {
		return false
	}
	words := data[cellHeader+padded8(n):]
	for i := range e.last {
		e.last[i] = binary.LittleEndian.Uint64(words[8*i:])
	}
	return true
}

// parseCells finds the entries behind those that are known. At the first damage
// it stops: nothing says where the next one would begin.
func (f *file) parseCells(w *window, m *merged) {
	at, fillers := max(f.parsed, cellsHeader), 0
	for at < w.used {
		e, next, why := cellAt(w, at, m)
		switch fillers++; {
		case why != "":
			f.note(why)
			return
		case e.at == 0 && fillers > mostFillers:
			f.note(BadLength)
			return
		case e.at == 0:
		case e.cell == nil:
			f.skipCell(next)
			fillers = 0
		default:
			f.cells = append(f.cells, e)
			fillers = 0
		}
		at = next
		f.parsed = at
	}
}

// mostFillers is how many entries that say nothing may stand side by side: what is longer is
// a hole in the file.
const mostFillers = 8192

// skipCell puts an entry that ends somewhere into a gap.
func (f *file) skipCell(end int) {
	if n := len(f.cells); n == 0 || f.cells[n-1].cell != nil {
		f.cells = append(f.cells, cellEntry{})
	}
	gap := &f.cells[len(f.cells)-1]
	gap.at = end
	gap.skipped++
}

// cellAt reads the entry at an offset. One without a place for words says nothing.
func cellAt(in *window, at int, m *merged) (e cellEntry, next int, why Reason) {
	head := in.at(at, 8)
	if head == nil {
		return e, at, in.short()
	}
	e.header = [2]uint32{binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])}
	n, w := int(e.header[0]), int(e.header[1]&^liveFlag)
	if n == 0 {
		if w > (in.used-at-8)/8 {
			return e, at, Truncated
		}
		return e, at + 8 + 8*w, ""
	}
	if n > maxKey || w > maxWords {
		return e, at, BadLength
	}
	e.at = at + cellHeader + padded8(n)
	next = e.end()
	data := in.at(at, next-at)
	if data == nil {
		return e, at, in.short()
	}
	e.created = int64(binary.LittleEndian.Uint64(data[8:]))
	if m.words+w > wordsPerSeries*m.limit+wordsAnyway {
		return e, next, ""
	}
	e.cell = m.cell(CellKey{string(data[cellHeader : cellHeader+n]), e.header[1]&liveFlag != 0})
	if e.cell != nil {
		m.words += w
		e.last = make([]uint64, w)
		e.take(data)
	}
	return e, next, ""
}

// wordsPerSeries is how many words cells may have for each series of the limit, in all files
// together: a hole in a file has words, but takes no space on the disk.
const (
	wordsPerSeries = 64
	wordsAnyway    = 1 << 20 // whatever the limit is
)

// short says why a window lacks something.
func (w *window) short() Reason {
	if w.err != nil {
		return Unreadable
	}
	return Truncated
}

// addCells adds the last words of all entries up. Those that are live count while
// their process lives.
func (f *file) addCells(m *merged) {
	f.skipped = 0
	for i := range f.cells {
		switch e := &f.cells[i]; {
		case e.cell == nil:
			f.skipped += e.skipped
		case !e.cell.Live || !f.dead:
			e.cell.add(e.last, e.created)
		}
	}
}

// forgetCells takes entries out that are not in the file any more. What they have
// counted is kept.
func (f *file) forgetCells(from int, m *merged) {
	for _, e := range f.cells[from:] {
		if e.cell != nil {
			e.cell.keep(e.last, e.created)
		}
	}
	f.dropCells(from, m)
}

// dropCells takes entries out.
func (f *file) dropCells(from int, m *merged) {
	for _, e := range f.cells[from:] {
		m.words -= len(e.last)
	}
	f.parsed = cellsHeader
	if from > 0 {
		f.parsed = f.cells[from-1].end()
	}
	f.cells = f.cells[:from]
}

// cellsOf is the path of a worker's cells.
func cellsOf(dir, id string) string { return cellsKind.fileOf(dir, id) }
