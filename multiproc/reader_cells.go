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

// A Cell is the sum over all processes of the cells with one key. It stays the same from one
// scan to the next and belongs to the Reader: use it within [Reader.Cells] only.
type Cell struct {
	CellKey
	Words   []uint64 // sums; as many as the longest cell has
	Created int64    // of the oldest cell, in nanoseconds since the epoch
	Seen    bool     // present in this scan

	// Data is free for the caller of Cells.
	Data any

	base        []uint64 // counts of vanished files
	baseCreated int64
}

// A cellEntry is a cell of a file, or a gap: adjacent cells above the limit.
type cellEntry struct {
	cell    *Cell // nil for a gap
	skipped int   // number of cells in a gap
	at      int   // start of its words; the end of a gap
	created int64
	header  [2]uint32
	last    []uint64 // its words as last read
}

// end is where the entry's words end.
func (e *cellEntry) end() int { return e.at + 8*int(e.header[1]&^liveFlag) }

// begin is where the entry begins.
func (e *cellEntry) begin() int { return e.at - padded8(int(e.header[0])) - cellHeader }

// cell finds or creates the cell of a key. It returns nil above the limit.
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

// resetCells discards the counts of the last scan.
func (m *merged) resetCells() {
	for _, c := range m.cellList {
		c.Seen, c.Created = c.base != nil, c.baseCreated
		clear(c.Words)
		copy(c.Words, c.base)
	}
}

// add adds words to the sums.
func (c *Cell) add(words []uint64, created int64) {
	c.Words = grow(c.Words, len(words))
	for i, w := range words {
		c.Words[i] += w
	}
	if c.Created == 0 || created < c.Created {
		c.Created = created
	}
	c.Seen = true
}

// addLoaded is add for words that still change.
func (c *Cell) addLoaded(words []atomic.Uint64, created int64) {
	c.Words = grow(c.Words, len(words))
	for i := range words {
		c.Words[i] += words[i].Load()
	}
	c.add(nil, created)
}

// addBase keeps words that no file has any more.
func (c *Cell) addBase(words []uint64, created int64) {
	if c.Live {
		return
	}
	if c.baseCreated == 0 || created < c.baseCreated {
		c.baseCreated = created
	}
	c.base = grow(c.base, len(words))
	for i, w := range words {
		c.base[i] += w
	}
	c.add(words, created)
}

func grow(words []uint64, n int) []uint64 {
	if more := n - len(words); more > 0 {
		return append(words, make([]uint64, more)...)
	}
	return words
}

// isCells reports whether this is a cell file.
func (f *file) isCells() bool { return f.kind == cellKind }

// readCells is read for a cell file.
func (f *file) readCells(in *os.File, m *merged, b *buffer) {
	f.damage = f.damage[:0]
	w := &window{in: in, buffer: b, used: f.readCellsHeader(in)}
	f.readKnownCells(w, m)
	f.readNewCells(w, m)
	if w.err != nil && !slices.Contains(f.damage, Unreadable) {
		f.note(Unreadable)
	}
	f.addCells(m)
}

// readCellsHeader returns how many bytes are in use, at most the size of the file.
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

// readKnownCells reads the words of known entries. Where a different entry follows now, the old
// counts are kept and the rest is read as new.
func (f *file) readKnownCells(w *window, m *merged) {
	for i := range f.cells {
		e := &f.cells[i]
		if e.cell == nil {
			continue
		}
		data := w.at(e.begin(), e.end()-e.begin())
		if data == nil {
			return // shrunk
		}
		if !e.readWords(data) {
			f.forgetCells(i, m)
			return
		}
	}
}

// readWords reads the words of an entry, and reports whether it is still the same one.
func (e *cellEntry) readWords(data []byte) bool {
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

// readNewCells reads the entries after the known ones. It stops at the first damage, because the
// start of the next entry is then unknown.
func (f *file) readNewCells(w *window, m *merged) {
	at, fillers := max(f.parsed, cellsHeader), 0
	for at < w.used {
		e, next, why := cellAt(w, at, m)
		switch fillers++; {
		case why != "":
			f.note(why)
			return
		case e.at == 0 && fillers > maxAdjacentFillers:
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

// maxAdjacentFillers is how many fillers may follow each other. A longer run is a hole in the
// file.
const maxAdjacentFillers = 8192

// skipCell adds an entry with this end to a gap.
func (f *file) skipCell(end int) {
	if n := len(f.cells); n == 0 || f.cells[n-1].cell != nil {
		f.cells = append(f.cells, cellEntry{})
	}
	gap := &f.cells[len(f.cells)-1]
	gap.at = end
	gap.skipped++
}

// cellAt reads the entry at an offset. One whose words have no offset is a filler.
func cellAt(in *window, at int, m *merged) (e cellEntry, next int, why Reason) {
	head := in.at(at, 8)
	if head == nil {
		return e, at, in.shortReason()
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
		return e, at, in.shortReason()
	}
	e.created = int64(binary.LittleEndian.Uint64(data[8:]))
	if m.cellWords+w > wordsPerSeries*m.limit+minWords {
		return e, next, ""
	}
	e.cell = m.cell(CellKey{string(data[cellHeader : cellHeader+n]), e.header[1]&liveFlag != 0})
	if e.cell != nil {
		m.cellWords += w
		e.last = make([]uint64, w)
		e.readWords(data)
	}
	return e, next, ""
}

// wordsPerSeries is how many words cells may have for each series of the limit, over all files:
// a hole in a file has words, but takes no space on disk.
const (
	wordsPerSeries = 64
	minWords       = 1 << 20 // allowed under any limit
)

// shortReason returns why a window has too few bytes.
func (w *window) shortReason() Reason {
	if w.err != nil {
		return Unreadable
	}
	return Truncated
}

// addCells adds the last words of all entries. Live ones count only while their process lives.
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

// forgetCells removes entries that are no longer in the file, and keeps their counts.
func (f *file) forgetCells(from int, m *merged) {
	for _, e := range f.cells[from:] {
		if e.cell != nil {
			e.cell.addBase(e.last, e.created)
		}
	}
	f.dropCells(from, m)
}

// dropCells removes entries.
func (f *file) dropCells(from int, m *merged) {
	for _, e := range f.cells[from:] {
		m.cellWords -= len(e.last)
	}
	f.parsed = cellsHeader
	if from > 0 {
		f.parsed = f.cells[from-1].end()
	}
	f.cells = f.cells[:from]
}
