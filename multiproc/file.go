package multiproc

import (
	"encoding/binary"
	"io"
	"io/fs"
	"math"
	"os"
)

// A file is one file of the directory and what was last read of it.
type file struct {
	name     string
	kind     kind
	id       string
	info     fs.FileInfo
	made     uint64   // which one of its name it is, see generation
	lineages lineages // of an archive
	layout   layout
	entries  []entry
	raws     []rawID   // of each entry
	when     []float64 // of each entry, in the wide layout
	parsed   int       // where the entries that are known end
	used     int64
	damage   []Reason

	apart   bool // some entries have no series that is merged, or there are gaps
	unsound bool // some counts are none

	cells              []cellEntry // in place of entries, of a file of cells
	skipped            int         // cells beyond the limit
	private, unwritten uint64      // what its process could not write
	dead               bool        // its process is gone, and what is live with it
}

// An entry is a value of a file. There are many of them, and a scan passes over all:
// they are small, and without pointers (see seriesID).
type entry struct {
	last   float64
	series seriesID
	place  uint32 // where the value stands, and a flag
}

// A gap is an entry for all those side by side that are beyond the series limit: their
// place is where the next one begins, and last is how many they are.

// isGap reports whether an entry is a gap.
func (e *entry) isGap() bool { return e.series == beyond }

// isBucket is the flag of an entry's place: a bucket's count can neither be negative
// nor no number. What a file has in use is less than 2 GiB.
const isBucket = 1 << 31

// at is where the value stands.
func (e *entry) at() int { return int(e.place &^ isBucket) }

func (e *entry) bucket() bool { return e.place&isBucket != 0 }

// behind is where the next entry begins.
func (e *entry) behind(of layout) int {
	if e.isGap() {
		return e.at()
	}
	return e.at() + int(of)
}

// sound reports whether a value can be what it says to be: a count does not fall
// below zero.
func (e *entry) sound() bool { return !e.bucket() || e.last >= 0 }

// open opens a regular file. It does not wait for anybody, as opening a FIFO
// would, and does not follow links: they may lead to a device, or to what only this
// process may read.
func (f *file) open(path string) (*os.File, Reason) {
	in, err := os.OpenFile(path, os.O_RDONLY|noFollow|noWait, 0)
	if err != nil {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			return nil, NotRegular // or gone
		}
		return nil, Unreadable
	}
	info, err := in.Stat()
	switch {
	case err != nil:
		_ = in.Close()
		return nil, Unreadable
	case !info.Mode().IsRegular():
		_ = in.Close()
		return nil, NotRegular
	}
	f.info = info
	return in, ""
}

// read reads a file and adds its values to the merged ones. Whatever is wrong goes
// to f.damage; what was read before and cannot be read now counts as it was.
func (f *file) read(in *os.File, m *merged, b *buffer) {
	if f.isCells() {
		f.readCells(in, m, b)
		return
	}
	f.damage, f.unsound = f.damage[:0], false
	used := f.readHeader(in)
	taken := f.readKnown(in, used, m, b)
	f.takeLast(m, taken)
	if used > max(f.parsed, headerSize) {
		f.readNew(in, used, m, b)
	}
}

// readHeader returns how many bytes are in use, as far as the file has them.
func (f *file) readHeader(in *os.File) int {
	var header [headerSize]byte
	n, err := in.ReadAt(header[:], 0)
	used := int64(int32(binary.LittleEndian.Uint32(header[:])))
	switch {
	case n < headerSize:
		// Just being made, or truncated. A file in the making is empty, or zeros.
		if n > 0 || err != io.EOF {
			f.note(BadHeader)
		}
		used = 0
	case used < 0:
		f.note(BadHeader)
		used = 0
	case used > int64(f.sizeFor(in, uint64(used))):
		f.note(Truncated)
		used = f.info.Size()
	}
	if f.parsed > int(max(used, headerSize)) {
		f.note(Shrunk)
	}
	f.used = used
	return int(used)
}

// generation tells files apart that are made anew under their name, since inodes
// come again: archives, and what Go processes publish. Of others, and of a damaged one,
// it is 0.
func (f *file) generation(in *os.File) (n uint64) {
	switch {
	case f.id == archiveID:
		_, _, n = readTail(in)
	case f.kind != cellsKind && isOurs(f.id):
		var header [headerSize]byte
		_, _ = in.ReadAt(header[:], 0)
		n = uint64(binary.LittleEndian.Uint32(header[4:]))
	}
	return n
}

// sizeFor is the file's size. It is asked for again where more than that is in use:
// the file may have grown after it was opened.
func (f *file) sizeFor(in *os.File, used uint64) uint64 {
	if used > uint64(f.info.Size()) {
		if info, err := in.Stat(); err == nil {
			f.info = info
		}
	}
	return uint64(f.info.Size())
}

func (f *file) note(why Reason) {
	if why != "" {
		f.damage = append(f.damage, why)
	}
}

// readKnown reads the values of entries that are known, in pieces that stay in
// the processor's cache, and returns how many it has read. Where another entry
// stands now, what stood there counts on, and the rest is new.
func (f *file) readKnown(in *os.File, used int, m *merged, b *buffer) (taken int) {
	for begin := headerSize; taken < len(f.entries); {
		if e := &f.entries[taken]; e.isGap() {
			begin = e.at()
			taken++
			continue
		}
		end := f.entries[taken].behind(f.layout)
		data, err := b.read(in, begin, min(used, max(begin+pieceSize, end)))
		if err != nil {
			f.note(Unreadable)
			return taken
		}
		n, next, same := f.decode(taken, begin, data, m)
		if !same {
			f.forget(n, m)
			return n
		}
		if n == taken {
			return taken // shrunk
		}
		taken, begin = n, next
	}
	return taken
}

// decode takes the values of entries from a piece of the file, as far as it goes and
// has the entries that are known. It returns the next one and where that begins.
func (f *file) decode(i, begin int, data []byte, m *merged) (end, next int, same bool) {
	how := f.kind.merge()
	summed := how == "" || how == "sum"
	width := int(f.layout)
	at := 0
	for ; i < len(f.entries); i++ {
		e := &f.entries[i]
		value := e.at() - begin
		if e.isGap() {
			at = value
			continue
		}
		if value+width > len(data) {
			return i, begin + at, true
		}
		if n := int(binary.LittleEndian.Uint32(data[at:])); at+(n+4)&^7+8 != value { // one to eight spaces behind the key
			return i, begin + at, false
		}
		at = value + width
		v := math.Float64frombits(binary.LittleEndian.Uint64(data[value:]))
		if v != e.last {
			f.change(e, v, m)
		}
		if width == int(wide) {
			f.when[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[value+8:]))
		}
		switch {
		case e.series == none:
		case !(v >= 0) && e.bucket():
			f.unsound = true
		case summed:
			s := &m.series[e.series]
			s.value.add(v)
			s.there = true
		default:
			m.take(e.series, how, v, f.whenOf(i))
		}
	}
	return i, begin + at, true
}

// change gives an entry another value. A count that has fallen has begun anew.
func (f *file) change(e *entry, v float64, m *merged) {
	if v < e.last && (f.kind.name == "counter" || e.bucket()) && e.series >= 0 {
		m.keepValue(e.series, e.last)
	}
	e.last = v
}

func (f *file) whenOf(i int) float64 {
	if f.layout == wide {
		return f.when[i]
	}
	return 0
}

// takeLast takes the last values of the entries from i on.
func (f *file) takeLast(m *merged, i int) {
	if f.isCells() {
		f.addCells(m)
		return
	}
	for ; i < len(f.entries); i++ {
		if e := &f.entries[i]; e.series >= 0 && e.sound() {
			m.give(f.kind, e.series, e.last, f.whenOf(i))
		}
	}
}

// forget takes entries out that are not in the file any more. What they counted
// is kept; what gauges said is not, since nobody knows what is.
func (f *file) forget(from int, m *merged) {
	if f.isCells() {
		f.forgetCells(from, m)
		return
	}
	for i := from; i < len(f.entries) && f.kind.name != "gauge"; i++ {
		if e := &f.entries[i]; e.series >= 0 && e.sound() {
			m.keepValue(e.series, e.last)
		}
	}
	f.parsed = headerSize
	if from > 0 {
		f.parsed = f.entries[from-1].behind(f.layout)
	}
	f.entries, f.raws, f.when = f.entries[:from], f.raws[:from], f.when[:min(from, len(f.when))]
}

// readNew reads the entries behind those that are known, in pieces: what a header says
// is no reason to take memory. At the first damage it stops: nothing says where the next
// entry would begin.
func (f *file) readNew(in io.ReaderAt, used int, m *merged, b *buffer) {
	begin, size := max(f.parsed, headerSize), pieceSize
	for begin < used {
		data, err := b.read(in, begin, min(used, begin+size))
		if err != nil {
			f.note(Unreadable)
			return
		}
		if len(data) < min(used-begin, size) { // the file is shorter than it says
			f.note(Truncated)
			used = begin + len(data)
		}
		if len(f.entries) == 0 && !f.begin(data, used, size, m, b) {
			size = largestPiece // one piece does not say which layout it is
			continue
		}
		n, why := f.parse(data, begin, m)
		begin += n
		switch isLast := begin-n+len(data) == used; {
		case why == Truncated && !isLast && n == 0:
			size = largestPiece // an entry is longer than a piece
		case why != "" && (why != Truncated || isLast):
			f.note(why)
			return
		}
	}
	m.entries = max(m.entries, len(f.entries))
}

// begin tells the layout of a file by its first entries, if they are enough, and makes room
// for what it seems to hold.
func (f *file) begin(data []byte, used, size int, m *merged, b *buffer) bool {
	from := b.behindHeader(data)
	if headerSize+len(data) < used && size < largestPiece && reach(from, narrow, enough) < 2*enough && reach(from, wide, enough) < 2*enough {
		return false
	}
	f.layout = layoutOf(from, m.layout)
	m.layout = f.layout
	m.expect(f.kind, min(used/usualEntry, mostExpected))
	n := min(m.entries, used/leastEntry)
	f.entries, f.raws = make([]entry, 0, n), make([]rawID, 0, n)
	return true
}

// An entry is usually about as long as this, in bytes, and at least as long as that.
const (
	usualEntry = 160
	leastEntry = 24

	mostExpected = 1 << 16 // entries, for which there is room before they are there
)

// parse adds the entries that data holds, and their values to the merged ones, and
// returns how far it came, and why it stopped before the end, if it did.
func (f *file) parse(data []byte, begin int, m *merged) (at int, why Reason) {
	before := rawID(0)
	if n := len(f.entries); n > 0 {
		before = f.raws[n-1]
	}
	how := f.kind.merge()
	summed := how == "" || how == "sum"
	for at < len(data) {
		p, why := entryAt(data, at, f.layout)
		if why != "" {
			return at, why
		}
		expected := rawID(0)
		if before != 0 {
			expected = m.list[before].next
		}
		x := m.find(f.kind, data[p.key:p.end], expected)
		if before != 0 && x != 0 {
			m.list[before].next = x
		}
		before = x
		at = p.next
		f.parsed = begin + at
		if x == 0 {
			f.skip()
			continue
		}
		i := f.add(&m.list[x], x, data, begin, p)
		switch e := &f.entries[i]; {
		case e.series == none || !e.sound():
		case summed:
			s := &m.series[e.series]
			s.value.add(e.last)
			s.there = true
		default:
			m.take(e.series, how, e.last, f.whenOf(i))
		}
	}
	return at, ""
}

// skip puts the entry that ends where we are into a gap.
func (f *file) skip() {
	n := len(f.entries)
	if n == 0 || !f.entries[n-1].isGap() {
		f.entries, f.raws = append(f.entries, entry{series: beyond}), append(f.raws, 0)
		if f.layout == wide {
			f.when = append(f.when, 0)
		}
		f.apart = true
		n++
	}
	f.entries[n-1].place = uint32(f.parsed)
	f.entries[n-1].last++
}

// add adds an entry and returns which one it is.
func (f *file) add(x *raw, id rawID, data []byte, begin int, p place) int {
	e := entry{series: x.series, place: uint32(begin + p.value)}
	e.last = math.Float64frombits(binary.LittleEndian.Uint64(data[p.value:]))
	if x.bucket {
		e.place |= isBucket
	}
	f.apart = f.apart || x.series == none
	f.unsound = f.unsound || !e.sound()
	f.entries, f.raws = append(f.entries, e), append(f.raws, id)
	if f.layout == wide {
		f.when = append(f.when, math.Float64frombits(binary.LittleEndian.Uint64(data[p.value+8:])))
	}
	return len(f.entries) - 1
}

// pieceSize is how much of a file is read at once where only values are wanted.
const pieceSize = 128 << 10

// largestPiece holds the longest entry that there may be, and more.
const largestPiece = 4 << 20

// A buffer is memory to read into.
type buffer struct{ bytes []byte }

// read reads the bytes from begin to end, or what there is of them.
func (b *buffer) read(in io.ReaderAt, begin, end int) ([]byte, error) {
	n := max(end-begin, 0)
	if cap(b.bytes) < headerSize+n {
		b.bytes = make([]byte, headerSize+n)
	}
	data := b.bytes[headerSize : headerSize+n]
	got, err := in.ReadAt(data, int64(begin))
	if err == io.EOF {
		err = nil
	}
	return data[:got], err
}

// behindHeader puts a header's room before data that read has given, which then
// has the offsets of the file.
func (b *buffer) behindHeader(data []byte) []byte { return b.bytes[:headerSize+len(data)] }

// A window is a part of a file in memory, which moves as it is looked through.
type window struct {
	in     io.ReaderAt
	buffer *buffer
	used   int // where the file ends for us
	begin  int
	data   []byte
	err    error
}

// at returns n bytes of the file, or nil where it does not have them.
func (w *window) at(begin, n int) []byte {
	if w.err != nil || begin+n > w.used {
		return nil
	}
	if begin < w.begin || begin+n > w.begin+len(w.data) {
		w.begin = begin
		w.data, w.err = w.buffer.read(w.in, begin, min(w.used, begin+max(n, pieceSize)))
		if w.err != nil || len(w.data) < n {
			return nil
		}
	}
	return w.data[begin-w.begin:][:n]
}
