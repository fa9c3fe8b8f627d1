package multiproc

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An archive adds up files of one kind, and writes what they hold as one.
type archive interface {
	// collect adds a file. Of a damaged one what can be read is added; one that
	// cannot be read at all is an error.
	collect(in *os.File) (damaged bool, err error)
	encode() ([]byte, error)
}

func newArchive(k kind) archive {
	if k == cellsKind {
		return &cellArchive{newMerged(defaultSeriesLimit)}
	}
	return &valueArchive{kind: k, values: map[string]archived{}}
}

// collect adds the file of a path to an archive.
func collect(into archive, path string) (damaged bool, err error) {
	in, why := new(file).open(path)
	if in == nil {
		return false, fmt.Errorf("%s: %s", path, why)
	}
	defer func() { _ = in.Close() }()
	return into.collect(in)
}

// readWhole reads a file, of which nothing was known, into m.
func readWhole(in *os.File, k kind, m *merged) (*file, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	path := in.Name()
	f := &file{name: filepath.Base(path), kind: k, info: info, dead: true}
	f.read(in, m, &buffer{})
	if f.skipped > 0 || slices.ContainsFunc(f.entries, func(e entry) bool { return e.isGap() }) {
		f.note(Limit)
	}
	for _, fatal := range []Reason{Unreadable, Limit} {
		if slices.Contains(f.damage, fatal) {
			return nil, fmt.Errorf("%s: %s", path, fatal)
		}
	}
	return f, nil
}

// A valueArchive is one of Python's format.
type valueArchive struct {
	kind   kind
	layout layout // the one that the service writes now
	values map[string]archived
}

func (a *valueArchive) collect(in *os.File) (damaged bool, err error) {
	m := newMerged(defaultSeriesLimit)
	m.keep = true
	f, err := readWhole(in, a.kind, m)
	if err != nil {
		return false, err
	}
	for i := range f.entries {
		e := &f.entries[i]
		if !e.sound() {
			continue
		}
		text := m.texts[f.raws[i]]
		before, there := a.values[text]
		a.values[text] = before.fold(a.kind, e.last, f.whenOf(i), !there)
	}
	if len(a.values) > defaultSeriesLimit {
		return false, fmt.Errorf("%s: %s", in.Name(), Limit)
	}
	if f.layout != unknown {
		a.layout = f.layout
	}
	return len(f.damage) > 0, nil
}

func (a *valueArchive) encode() ([]byte, error) {
	data := make([]byte, headerSize)
	for _, key := range slices.Sorted(maps.Keys(a.values)) {
		v := a.values[key]
		high, low := v.parts()
		data = a.append(data, key, high, v.when)
		if low != 0 { // a second entry with the key: readers add the two up
			data = a.append(data, key, low, v.when)
		}
	}
	if len(data) > math.MaxInt32 {
		return nil, errTooLarge
	}
	binary.LittleEndian.PutUint32(data, uint32(len(data)))
	return data, nil
}

func (a *valueArchive) append(data []byte, key string, value, when float64) []byte {
	data = appendKey(data, key)
	data = binary.LittleEndian.AppendUint64(data, math.Float64bits(value))
	if a.layout == wide {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(when))
	}
	return data
}

// appendKey writes what stands before an entry's value.
func appendKey(data []byte, key string) []byte {
	data = binary.LittleEndian.AppendUint32(data, uint32(len(key)))
	data = append(data, key...)
	return append(data, "        "[:8-(len(key)+4)%8]...)
}

// An archived is a value of an archive.
type archived struct {
	total
	when float64
}

// fold adds a value by the rules of its kind.
func (a archived) fold(k kind, v, when float64, first bool) archived {
	switch how := k.merge(); {
	case first:
		return archived{total{high: v}, when}
	case how == "min":
		a.high = min(a.high, v)
	case how == "max":
		a.high = max(a.high, v)
	case how == "mostrecent":
		if when > a.when {
			return archived{total{high: v}, when}
		}
	default:
		a.add(v)
	}
	return a
}

// A cellArchive is one of cells. What is live is not in it.
type cellArchive struct{ merged *merged }

func (a *cellArchive) collect(in *os.File) (damaged bool, err error) {
	f, err := readWhole(in, cellsKind, a.merged)
	if err != nil {
		return false, err
	}
	return len(f.damage) > 0, nil
}

func (a *cellArchive) encode() ([]byte, error) {
	data := make([]byte, cellsHeader)
	copy(data, cellsMagic)
	cells := slices.DeleteFunc(slices.Clone(a.merged.cellList), func(c *Cell) bool { return c.Live })
	slices.SortFunc(cells, func(a, b *Cell) int { return strings.Compare(a.Text, b.Text) })
	for _, c := range cells {
		data = append(data, make([]byte, sizeOfCell(c.CellKey, len(c.Words)))...)
		words := putCell(data[len(data)-sizeOfCell(c.CellKey, len(c.Words)):], c.CellKey, len(c.Words), c.Created)
		for i, w := range c.Words {
			binary.LittleEndian.PutUint64(words[8*i:], w)
		}
	}
	binary.LittleEndian.PutUint64(data[usedAt:], uint64(len(data)))
	return data, nil
}
