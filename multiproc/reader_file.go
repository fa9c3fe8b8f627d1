package multiproc

import (
	"encoding/binary"
	"io"
	"io/fs"
	"math"
	"os"
)

// A file is a file of the directory and what was last read from it.
type file struct {
	name       string
	kind       kind
	id         string
	info       fs.FileInfo
	generation uint64   // see readGeneration
	lineages   lineages // of an archive
	layout     layout
	entries    []entry
	keys       []rawKeyID // of each entry
	timestamps []float64  // of each entry, in the layout withTimestamp
	parsed     int        // end of the known entries
	used       int64
	damage     []Reason

	hasUnmerged bool // some entries have no merged series, or there are gaps
	hasInvalid  bool // some values are no valid counts

	cells              []cellEntry // instead of entries, in a cell file
	skipped            int         // cells above the limit
	private, unwritten uint64      // what its process could not write
	dead               bool        // its process has ended, and its live values with it
}

// An entry is a value of a file. There are many, and each scan visits all of them, so they are
// small and without pointers (see seriesID).
type entry struct {
	value         float64
	series        seriesID
	offsetAndFlag uint32 // offset of the value, and bucketFlag
}

// A gap is one entry for all adjacent ones above the series limit: its offset is where the next
// entry begins, and its value is their number.

// isGap reports whether an entry is a gap.
func (e *entry) isGap() bool { return e.series == overLimit }

// bucketFlag marks a bucket, whose count can be neither negative nor NaN. It fits because a file
// uses less than 2 GiB.
const bucketFlag = 1 << 31

// valueOffset is where the value begins.
func (e *entry) valueOffset() int { return int(e.offsetAndFlag &^ bucketFlag) }

func (e *entry) isBucket() bool { return e.offsetAndFlag&bucketFlag != 0 }

// end is where the next entry begins.
func (e *entry) end(of layout) int {
	if e.isGap() {
		return e.valueOffset()
	}
	return e.valueOffset() + int(of)
}

// isValid reports whether a value is possible: a count is not negative.
func (e *entry) isValid() bool { return !e.isBucket() || e.value >= 0 }

// open opens the file by openRegular, and keeps what it is.
func (f *file) open(path string) (*os.File, Reason) {
	in, info, why := openRegular(path)
	if in != nil {
		f.info = info
	}
	return in, why
}

// read reads a file and adds its values to the merged ones. It records any damage in f.damage.
// Values that were readable before keep counting.
func (f *file) read(in *os.File, m *merged, b *buffer) {
	if f.isCells() {
		f.readCells(in, m, b)
		return
	}
	f.damage, f.hasInvalid = f.damage[:0], false
	used := f.readHeader(in)
	taken := f.readKnownEntries(in, used, m, b)
	f.addLast(m, taken)
	if used > max(f.parsed, headerSize) {
		f.readNewEntries(in, used, m, b)
	}
}

// readHeader returns how many bytes are in use, at most the size of the file.
func (f *file) readHeader(in *os.File) int {
	var header [headerSize]byte
	n, err := in.ReadAt(header[:], 0)
	used := int64(int32(binary.LittleEndian.Uint32(header[:])))
	switch {
	case n < headerSize:
		// Truncated, or just being created: then it is empty or all zeros.
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

// readGeneration distinguishes files that are recreated under the same name, because inodes are
// reused: archives, and files that Go processes or workers under tacho gunicorn write. It is 0 for
// others and for a damaged file.
func (f *file) readGeneration(in *os.File) (n uint64) {
	switch {
	case f.id == archiveID:
		_, _, n = readTail(in)
	case f.kind != cellKind:
		var header [headerSize]byte
		_, _ = in.ReadAt(header[:], 0)
		n = uint64(binary.LittleEndian.Uint32(header[4:]))
	}
	return n
}

// sizeFor returns the file's size. It asks again if more than that is in use, because the file
// may have grown after it was opened.
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

// readKnownEntries reads the values of known entries, in chunks that fit the processor's cache,
// and returns how many it has read. Where a different entry follows now, the old count is kept
// and the rest is read as new.
func (f *file) readKnownEntries(in *os.File, used int, m *merged, b *buffer) (taken int) {
	for begin := headerSize; taken < len(f.entries); {
		if e := &f.entries[taken]; e.isGap() {
			begin = e.valueOffset()
			taken++
			continue
		}
		end := f.entries[taken].end(f.layout)
		data, err := b.read(in, begin, min(used, max(begin+chunkSize, end)))
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

// decode reads the values of known entries from a chunk of the file. It stops at the end of the
// chunk or at a different entry. It returns the next entry and its offset.
func (f *file) decode(i, begin int, data []byte, m *merged) (end, next int, same bool) {
	mode := f.kind.mergeMode()
	summed := mode == "" || mode == "sum"
	width := int(f.layout)
	at := 0
	for ; i < len(f.entries); i++ {
		e := &f.entries[i]
		value := e.valueOffset() - begin
		if e.isGap() {
			at = value
			continue
		}
		if value+width > len(data) {
			return i, begin + at, true
		}
		if n := int(binary.LittleEndian.Uint32(data[at:])); at+(n+4)&^7+8 != value { // one to eight spaces follow the key
			return i, begin + at, false
		}
		at = value + width
		v := math.Float64frombits(binary.LittleEndian.Uint64(data[value:]))
		if v != e.value {
			f.updateValue(e, v, m)
		}
		if width == int(withTimestamp) {
			f.timestamps[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[value+8:]))
		}
		switch {
		case e.series == noSeries:
		case !(v >= 0) && e.isBucket():
			f.hasInvalid = true
		case summed:
			s := &m.series[e.series]
			s.value.add(v)
			s.present = true
		default:
			m.combine(e.series, mode, v, f.timestampOf(i))
		}
	}
	return i, begin + at, true
}

// updateValue changes the value of an entry. A count that falls was reset.
func (f *file) updateValue(e *entry, v float64, m *merged) {
	if v < e.value && (f.kind.name == "counter" || e.isBucket()) && e.series >= 0 {
		m.addBase(e.series, e.value)
	}
	e.value = v
}

func (f *file) timestampOf(i int) float64 {
	if f.layout == withTimestamp {
		return f.timestamps[i]
	}
	return 0
}

// addLast adds the last values of the entries from i on.
func (f *file) addLast(m *merged, i int) {
	if f.isCells() {
		f.addCells(m)
		return
	}
	for ; i < len(f.entries); i++ {
		if e := &f.entries[i]; e.series >= 0 && e.isValid() {
			m.addValue(f.kind, e.series, e.value, f.timestampOf(i))
		}
	}
}

// forget removes entries that are no longer in the file. It keeps their counts, but not their
// gauges, whose values are now unknown.
func (f *file) forget(from int, m *merged) {
	if f.isCells() {
		f.forgetCells(from, m)
		return
	}
	for i := from; i < len(f.entries) && f.kind.name != "gauge"; i++ {
		if e := &f.entries[i]; e.series >= 0 && e.isValid() {
			m.addBase(e.series, e.value)
		}
	}
	f.parsed = headerSize
	if from > 0 {
		f.parsed = f.entries[from-1].end(f.layout)
	}
	f.entries, f.keys, f.timestamps = f.entries[:from], f.keys[:from], f.timestamps[:min(from, len(f.timestamps))]
}

// readNewEntries reads the entries after the known ones, in chunks: the size in a header does
// not justify an allocation. It stops at the first damage, because the start of the next entry
// is then unknown.
func (f *file) readNewEntries(in io.ReaderAt, used int, m *merged, b *buffer) {
	begin, size := max(f.parsed, headerSize), chunkSize
	for begin < used {
		data, err := b.read(in, begin, min(used, begin+size))
		if err != nil {
			f.note(Unreadable)
			return
		}
		if len(data) < min(used-begin, size) { // the file is shorter than its header says
			f.note(Truncated)
			used = begin + len(data)
		}
		if len(f.entries) == 0 && !f.detectLayout(data, used, size, m, b) {
			size = maxChunkSize // one chunk does not settle the layout
			continue
		}
		n, why := f.parse(data, begin, m)
		begin += n
		switch isLast := begin-n+len(data) == used; {
		case why == Truncated && !isLast && n == 0:
			size = maxChunkSize // the entry is longer than a chunk
		case why != "" && (why != Truncated || isLast):
			f.note(why)
			return
		}
	}
	m.expectedEntries = max(m.expectedEntries, len(f.entries))
}

// detectLayout determines the layout from the first entries, if there are enough, and reserves
// memory for the expected number.
func (f *file) detectLayout(data []byte, used, size int, m *merged, b *buffer) bool {
	from := b.withHeader(data)
	if headerSize+len(data) < used && size < maxChunkSize && layoutFit(from, valueOnly, conclusiveEntries) < 2*conclusiveEntries && layoutFit(from, withTimestamp, conclusiveEntries) < 2*conclusiveEntries {
		return false
	}
	f.layout = layoutOf(from, m.expectedLayout)
	m.expectedLayout = f.layout
	m.reserveKeys(f.kind, min(used/typicalEntrySize, maxReserved))
	n := min(m.expectedEntries, used/minEntrySize)
	f.entries, f.keys = make([]entry, 0, n), make([]rawKeyID, 0, n)
	return true
}

// Sizes of an entry in bytes.
const (
	typicalEntrySize = 160
	minEntrySize     = 24

	maxReserved = 1 << 16 // entries to reserve memory for in advance
)

// parse adds the entries in data and their values. It returns where it stopped, and why if that
// is before the end.
func (f *file) parse(data []byte, begin int, m *merged) (at int, why Reason) {
	before := rawKeyID(0)
	if n := len(f.entries); n > 0 {
		before = f.keys[n-1]
	}
	mode := f.kind.mergeMode()
	summed := mode == "" || mode == "sum"
	for at < len(data) {
		p, why := entryAt(data, at, f.layout)
		if why != "" {
			return at, why
		}
		expected := rawKeyID(0)
		if before != 0 {
			expected = m.rawKeys[before].next
		}
		x := m.findKey(f.kind, data[p.key:p.end], expected)
		if before != 0 && x != 0 {
			m.rawKeys[before].next = x
		}
		before = x
		at = p.next
		f.parsed = begin + at
		if x == 0 {
			f.skip()
			continue
		}
		i := f.add(&m.rawKeys[x], x, data, begin, p)
		switch e := &f.entries[i]; {
		case e.series == noSeries || !e.isValid():
		case summed:
			s := &m.series[e.series]
			s.value.add(e.value)
			s.present = true
		default:
			m.combine(e.series, mode, e.value, f.timestampOf(i))
		}
	}
	return at, ""
}

// skip adds the entry that ends here to a gap.
func (f *file) skip() {
	n := len(f.entries)
	if n == 0 || !f.entries[n-1].isGap() {
		f.entries, f.keys = append(f.entries, entry{series: overLimit}), append(f.keys, 0)
		if f.layout == withTimestamp {
			f.timestamps = append(f.timestamps, 0)
		}
		f.hasUnmerged = true
		n++
	}
	f.entries[n-1].offsetAndFlag = uint32(f.parsed)
	f.entries[n-1].value++
}

// add adds an entry and returns its index.
func (f *file) add(x *rawKey, id rawKeyID, data []byte, begin int, p entryOffsets) int {
	e := entry{series: x.series, offsetAndFlag: uint32(begin + p.value)}
	e.value = math.Float64frombits(binary.LittleEndian.Uint64(data[p.value:]))
	if x.bucket {
		e.offsetAndFlag |= bucketFlag
	}
	f.hasUnmerged = f.hasUnmerged || x.series == noSeries
	f.hasInvalid = f.hasInvalid || !e.isValid()
	f.entries, f.keys = append(f.entries, e), append(f.keys, id)
	if f.layout == withTimestamp {
		f.timestamps = append(f.timestamps, math.Float64frombits(binary.LittleEndian.Uint64(data[p.value+8:])))
	}
	return len(f.entries) - 1
}

// chunkSize is how much of a file is read at once.
const chunkSize = 128 << 10

// maxChunkSize exceeds the length of any entry.
const maxChunkSize = 4 << 20

// A buffer is memory to read into.
type buffer struct{ bytes []byte }

// read reads the bytes from begin to end, as far as the file has them.
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

// withHeader puts room for a header before data that read has returned, so that its offsets are
// those of the file.
func (b *buffer) withHeader(data []byte) []byte { return b.bytes[:headerSize+len(data)] }

// A window is a part of a file in memory that moves forward during a read.
type window struct {
	in     io.ReaderAt
	buffer *buffer
	used   int // bytes in use
	begin  int
	data   []byte
	err    error
}

// at returns n bytes of the file, or nil if it does not have them.
func (w *window) at(begin, n int) []byte {
	if w.err != nil || begin+n > w.used {
		return nil
	}
	if begin < w.begin || begin+n > w.begin+len(w.data) {
		w.begin = begin
		w.data, w.err = w.buffer.read(w.in, begin, min(w.used, begin+max(n, chunkSize)))
		if w.err != nil || len(w.data) < n {
			return nil
		}
	}
	return w.data[begin-w.begin:][:n]
}
