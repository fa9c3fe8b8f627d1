package multiproc

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"strings"
)

// The file's header: how many bytes are in use, itself included, and four bytes
// of padding.
const headerSize = 8

// A layout is the size of an entry's value field: a float64 (prometheus_client
// up to 0.16), or a float64 and the Unix time at which a gauge was set (0.25).
// Nothing in a file says which; see layoutOf.
type layout int

// The layouts that there are. Unknown is that of a file without entries.
const (
	unknown layout = 0
	narrow  layout = 8
	wide    layout = 16
)

// maxKey bounds a key: no client writes longer ones, and a length that is out of
// all proportion must not make us read on.
const maxKey = 1 << 20

// A place is where an entry's parts stand in a file.
type place struct {
	key, end int // of the key, without its padding
	value    int
	next     int // where the next entry begins
}

// entryAt finds the entry that begins at an offset. Data holds the bytes in use.
// What is not a whole entry with something like a key has a reason instead.
func entryAt(data []byte, at int, of layout) (place, Reason) {
	if at+4 > len(data) {
		return place{}, Truncated
	}
	n := int(int32(binary.LittleEndian.Uint32(data[at:])))
	if n <= 0 || n > maxKey {
		return place{}, BadLength
	}
	p := place{key: at + 4, end: at + 4 + n}
	p.value = p.end + 8 - (n+4)%8 // one to eight spaces
	p.next = p.value + int(of)
	switch {
	case p.next > len(data):
		return place{}, Truncated
	case data[p.key] != '[' || data[p.end-1] != ']':
		return place{}, BadKey
	}
	return p, ""
}

// layoutOf tells the layouts apart: with the right one all entries have keys,
// and the last one ends where the bytes in use do. Of a damaged file it is the
// one by which more of it can be read. Likely is the one if both do as well.
func layoutOf(data []byte, likely layout) layout {
	if len(data) <= headerSize {
		return unknown
	}
	first, second := narrow, wide
	if likely == wide {
		first, second = wide, narrow
	}
	if reach(data, first, enough) >= 2*enough {
		return first
	}
	read := reach(data, first, math.MaxInt)
	if read == whole || read >= reach(data, second, math.MaxInt) {
		return first
	}
	return second
}

// whole is the reach of a layout that fits a file.
const whole = math.MaxInt

// enough is how many entries leave no doubt: with the other layout the second one
// already begins in the wrong place.
const enough = 16

// reach is how well a layout fits a file: how many entries can be read, at most
// limit, and whether the file merely ends in the next one.
func reach(data []byte, of layout, limit int) int {
	for at, n := headerSize, 0; ; n += 2 {
		if n/2 >= limit {
			return n
		}
		if at == len(data) {
			return whole
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

// A kind is what a file's name says of its metrics.
type kind struct {
	name string // counter, gauge, histogram or summary
	mode string // of gauges
}

// merge is how a gauge's values become one: all, min, max, sum or mostrecent.
func (k kind) merge() string { return strings.TrimPrefix(k.mode, "live") }

var kinds = map[string]bool{"counter": true, "gauge": true, "histogram": true, "summary": true}

var modes = map[string]bool{
	"all": true, "liveall": true, "min": true, "livemin": true, "max": true, "livemax": true,
	"sum": true, "livesum": true, "mostrecent": true, "livemostrecent": true,
}

// fileOf is the path of a worker's file, or of an archive.
func (k kind) fileOf(dir, id string) string {
	name, suffix := k.name, ".db"
	if k.mode != "" {
		name += "_" + k.mode
	}
	if k == cellsKind {
		suffix = cellsSuffix
	}
	return filepath.Join(dir, name+"_"+id+suffix)
}

// parseName takes a file's name apart: <kind>_<id>.db, gauge_<mode>_<id>.db, or
// tacho_<id>.cells. The id is a process's number, or whatever the service calls
// its workers.
func parseName(file string) (k kind, id string, ok bool) {
	if rest, ok := strings.CutSuffix(file, cellsSuffix); ok {
		id, ok = strings.CutPrefix(rest, cellsKind.name+"_")
		return cellsKind, id, ok && (isOurs(id) || id == archiveID)
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
