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

// An archiveBuilder merges files of one kind and encodes the result as one file.
type archiveBuilder interface {
	// add merges a file. It takes what it can read of a damaged one, and returns an error for a
	// file that it cannot read at all.
	add(in *os.File) (damaged bool, err error)
	encode() ([]byte, error)
}

func newArchiveBuilder(k kind) archiveBuilder {
	if k == cellKind {
		return &cellArchiveBuilder{newMerged(defaultSeriesLimit)}
	}
	return &valueArchiveBuilder{kind: k, values: map[string]archivedValue{}}
}

// addPath merges the file at a path.
func addPath(b archiveBuilder, path string) (damaged bool, err error) {
	in, _, why := openRegular(path)
	if in == nil {
		return false, fmt.Errorf("%s: %s", path, why)
	}
	defer func() { _ = in.Close() }()
	return b.add(in)
}

// readEntire reads a file for the first time, into m.
func readEntire(in *os.File, k kind, m *merged) (*file, error) {
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

// A valueArchiveBuilder builds an archive in Python's format.
type valueArchiveBuilder struct {
	kind   kind
	layout layout // the one that the service currently writes
	values map[string]archivedValue
}

func (b *valueArchiveBuilder) add(in *os.File) (damaged bool, err error) {
	m := newMerged(defaultSeriesLimit)
	m.keepTexts = true
	f, err := readEntire(in, b.kind, m)
	if err != nil {
		return false, err
	}
	for i := range f.entries {
		e := &f.entries[i]
		if !e.isValid() {
			continue
		}
		text := m.keyTexts[f.keys[i]]
		before, exists := b.values[text]
		b.values[text] = before.merge(b.kind, e.value, f.timestampOf(i), !exists)
	}
	if len(b.values) > defaultSeriesLimit {
		return false, fmt.Errorf("%s: %s", in.Name(), Limit)
	}
	if f.layout != unknownLayout {
		b.layout = f.layout
	}
	return len(f.damage) > 0, nil
}

func (b *valueArchiveBuilder) encode() ([]byte, error) {
	data := make([]byte, headerSize)
	for _, key := range slices.Sorted(maps.Keys(b.values)) {
		v := b.values[key]
		high, low := v.parts()
		data = b.appendEntry(data, key, high, v.timestamp)
		if low != 0 { // a second entry with the same key: readers sum the two
			data = b.appendEntry(data, key, low, v.timestamp)
		}
	}
	if len(data) > math.MaxInt32 {
		return nil, errTooLarge
	}
	binary.LittleEndian.PutUint32(data, uint32(len(data)))
	return data, nil
}

func (b *valueArchiveBuilder) appendEntry(data []byte, key string, value, timestamp float64) []byte {
	data = appendKey(data, key)
	data = binary.LittleEndian.AppendUint64(data, math.Float64bits(value))
	if b.layout == withTimestamp {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(timestamp))
	}
	return data
}

// An archivedValue is a value of an archive.
type archivedValue struct {
	exactSum
	timestamp float64
}

// merge merges a value by the rules of its kind.
func (a archivedValue) merge(k kind, v, timestamp float64, first bool) archivedValue {
	switch mode := k.mergeMode(); {
	case first:
		return archivedValue{exactSum{high: v}, timestamp}
	case mode == "min":
		a.high = min(a.high, v)
	case mode == "max":
		a.high = max(a.high, v)
	case mode == "mostrecent":
		if timestamp > a.timestamp {
			return archivedValue{exactSum{high: v}, timestamp}
		}
	default:
		a.add(v)
	}
	return a
}

// A cellArchiveBuilder builds an archive of cells, without the live ones.
type cellArchiveBuilder struct{ merged *merged }

func (b *cellArchiveBuilder) add(in *os.File) (damaged bool, err error) {
	f, err := readEntire(in, cellKind, b.merged)
	if err != nil {
		return false, err
	}
	return len(f.damage) > 0, nil
}

func (b *cellArchiveBuilder) encode() ([]byte, error) {
	data := make([]byte, cellsHeader)
	copy(data, cellsMagic)
	cells := slices.DeleteFunc(slices.Clone(b.merged.cellList), func(c *Cell) bool { return c.Live })
	slices.SortFunc(cells, func(x, y *Cell) int { return strings.Compare(x.Text, y.Text) })
	for _, c := range cells {
		data = append(data, make([]byte, sizeOfCell(c.CellKey, len(c.Words)))...)
		words := encodeCell(data[len(data)-sizeOfCell(c.CellKey, len(c.Words)):], c.CellKey, len(c.Words), c.Created)
		for i, w := range c.Words {
			binary.LittleEndian.PutUint64(words[8*i:], w)
		}
	}
	binary.LittleEndian.PutUint64(data[usedAt:], uint64(len(data)))
	return data, nil
}
