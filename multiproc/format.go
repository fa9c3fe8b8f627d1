package multiproc

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
)

// headerSize is the size of the file's header: the bytes in use, itself included, and four bytes
// of padding.
const headerSize = 8

// A layout is the size of an entry's value field: a float64 (prometheus_client up to 0.16), or a
// float64 and the Unix time at which a gauge was set (0.25). The file does not record it; see
// layoutOf.
type layout int

// The layouts. A file without entries has an unknown one.
const (
	unknownLayout layout = 0
	valueOnly     layout = 8
	withTimestamp layout = 16
)

// maxKey bounds the length of a key. No client writes longer ones, and an absurd length must not
// make the reader read on.
const maxKey = 1 << 20

// entryOffsets are the positions of an entry's parts in a file.
type entryOffsets struct {
	key, end int // of the key, without its padding
	value    int
	next     int // start of the next entry
}

// entryAt finds the entry at an offset. Data holds the bytes in use. For an incomplete entry, or
// one without a plausible key, it returns a reason.
func entryAt(data []byte, at int, of layout) (entryOffsets, Reason) {
	if at+4 > len(data) {
		return entryOffsets{}, Truncated
	}
	n := int(int32(binary.LittleEndian.Uint32(data[at:])))
	if n <= 0 || n > maxKey {
		return entryOffsets{}, BadLength
	}
	p := entryOffsets{key: at + 4, end: at + 4 + n}
	p.value = p.end + 8 - (n+4)%8 // one to eight spaces
	p.next = p.value + int(of)
	switch {
	case p.next > len(data):
		return entryOffsets{}, Truncated
	case data[p.key] != '[' || data[p.end-1] != ']':
		return entryOffsets{}, BadKey
	}
	return p, ""
}

// layoutOf determines the layout: with the right one every entry has a key, and the last one
// ends where the bytes in use end. For a damaged file it returns the layout that reads more of
// it, and likely if both read the same.
func layoutOf(data []byte, likely layout) layout {
	if len(data) <= headerSize {
		return unknownLayout
	}
	first, second := valueOnly, withTimestamp
	if likely == withTimestamp {
		first, second = withTimestamp, valueOnly
	}
	if layoutFit(data, first, conclusiveEntries) >= 2*conclusiveEntries {
		return first
	}
	read := layoutFit(data, first, math.MaxInt)
	if read == exactFit || read >= layoutFit(data, second, math.MaxInt) {
		return first
	}
	return second
}

// exactFit is the result of layoutFit for a layout that fits the whole file.
const exactFit = math.MaxInt

// conclusiveEntries is how many entries settle the layout: with the wrong one already the second
// entry starts at the wrong place.
const conclusiveEntries = 16

// layoutFit measures how well a layout fits a file: twice the number of entries that can be
// read, at most limit, plus one if the file merely ends inside the next one.
func layoutFit(data []byte, of layout, limit int) int {
	for at, n := headerSize, 0; ; n += 2 {
		if n/2 >= limit {
			return n
		}
		if at == len(data) {
			return exactFit
		}
		p, why := entryAt(data, at, of)
		switch why {
		case "":
			at = p.next
		case Truncated:
			return n + 1
		default:
			return n
		}
	}
}

// A kind is what a file's name tells about its metrics.
type kind struct {
	name string // counter, gauge, histogram or summary
	mode string // of gauges
}

// mergeMode is how the values of a gauge are merged: all, min, max, sum or mostrecent.
func (k kind) mergeMode() string { return strings.TrimPrefix(k.mode, "live") }

var kinds = map[string]bool{"counter": true, "gauge": true, "histogram": true, "summary": true}

var modes = map[string]bool{
	"all": true, "liveall": true, "min": true, "livemin": true, "max": true, "livemax": true,
	"sum": true, "livesum": true, "mostrecent": true, "livemostrecent": true,
}

// path returns the path of a worker's file, or of an archive.
func (k kind) path(dir, id string) string {
	name, suffix := k.name, ".db"
	if k.mode != "" {
		name += "_" + k.mode
	}
	if k == cellKind {
		suffix = cellsSuffix
	}
	return filepath.Join(dir, name+"_"+id+suffix)
}

// parseName parses the name of a file: <kind>_<id>.db, gauge_<mode>_<id>.db, or
// tacho_<id>.cells. The id is a PID, or a name that the service gives its workers.
func parseName(file string) (k kind, id string, ok bool) {
	if rest, ok := strings.CutSuffix(file, cellsSuffix); ok {
		id, ok = strings.CutPrefix(rest, cellKind.name+"_")
		return cellKind, id, ok && (isGoID(id) || id == archiveID)
	}
	rest, ok := strings.CutSuffix(file, ".db")
	if !ok {
		return kind{}, "", false
	}
	k.name, id, ok = strings.Cut(rest, "_")
	if !ok || !kinds[k.name] {
		return kind{}, "", false
	}
	if k.name == "gauge" {
		if k.mode, id, ok = strings.Cut(id, "_"); !ok || !modes[k.mode] {
			return kind{}, "", false
		}
	}
	return k, id, id != ""
}

// An archive is a file in the same format that holds the merged files of dead processes:
// counter_archive.db and so on. Python's client reads it like a worker's file. A journal follows
// the bytes in use, where clients do not look. It lists the merged files, so that none is
// counted twice even if a compactor dies.
const archiveID = "archive"

// tempSuffix follows the name of an incomplete file.
const tempSuffix = ".new"

// cellKind is the kind in the names of cell files.
var cellKind = kind{name: "tacho"}

const cellsSuffix = ".cells"

// cellsPath returns the path of a worker's cell file.
func cellsPath(dir, id string) string { return cellKind.path(dir, id) }

// appendKey appends a key with its length and padding.
func appendKey(data []byte, key string) []byte {
	data = binary.LittleEndian.AppendUint32(data, uint32(len(key)))
	data = append(data, key...)
	return append(data, "        "[:8-(len(key)+4)%8]...)
}
