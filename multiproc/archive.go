package multiproc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An archive is a file of the same format into which the files of processes that
// are gone have been folded: counter_archive.db and so on. Python's client reads
// it as it reads any worker's. Behind the bytes in use, where no client looks,
// stands its journal: which files are in it, so that none is counted twice
// whenever a compactor dies.
const archiveID = "archive"

// folding is what is put behind the name of a file that is being folded.
const folding = ".folding"

// A folded is a file that is in an archive.
type folded struct {
	Name  string `json:"n"`
	Inode uint64 `json:"i"`
}

// journalLimit is how many files a journal remembers: readers that have not
// looked for so many are behind anyway.
const journalLimit = 4096

var errTooLarge = errors.New("multiproc: an archive would exceed 2 GiB")

var journalMagic = []byte("tacho\x00\x01\n")

// encodeArchive writes an archive's bytes: entries, then the journal, its length
// and the magic number.
func encodeArchive(of layout, keys []string, values map[string]archived, journal []folded) ([]byte, error) {
	data := make([]byte, headerSize)
	for _, key := range keys {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(key)))
		data = append(data, key...)
		data = append(data, strings.Repeat(" ", 8-(len(key)+4)%8)...)
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(values[key].value))
		if of == wide {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(values[key].when))
		}
	}
	if len(data) > math.MaxInt32 {
		return nil, errTooLarge
	}
	binary.LittleEndian.PutUint32(data, uint32(len(data)))
	text, err := json.Marshal(journal)
	if err != nil {
		return nil, err
	}
	data = append(data, text...)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(text)))
	return append(data, journalMagic...), nil
}

// readJournal reads an archive's journal, nothing where there is none.
func readJournal(path string) []folded {
	in, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = in.Close() }()
	size, err := in.Seek(0, io.SeekEnd)
	tail := make([]byte, 8+len(journalMagic))
	if err != nil || size < int64(len(tail)) {
		return nil
	}
	if _, err := in.ReadAt(tail, size-int64(len(tail))); err != nil || !slices.Equal(tail[8:], journalMagic) {
		return nil
	}
	n := int64(binary.LittleEndian.Uint64(tail))
	if n < 0 || n > size-int64(len(tail)) {
		return nil
	}
	text := make([]byte, n)
	if _, err := in.ReadAt(text, size-int64(len(tail))-n); err != nil {
		return nil
	}
	var journal []folded
	if json.Unmarshal(text, &journal) != nil {
		return nil
	}
	return journal
}

// journals reads those of all archives in a directory.
func journals(dir string) map[folded]bool {
	all := map[folded]bool{}
	paths, _ := filepath.Glob(filepath.Join(dir, "*_"+archiveID+".db"))
	for _, path := range paths {
		for _, f := range readJournal(path) {
			all[f] = true
		}
	}
	return all
}

// archives are the present archives' inodes: another one means that files have
// gone into it.
func archives(dir string) map[string]uint64 {
	now := map[string]uint64{}
	paths, _ := filepath.Glob(filepath.Join(dir, "*_"+archiveID+".db"))
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			now[path] = inodeOf(info)
		}
	}
	return now
}

// An archived is a value of an archive.
type archived struct{ value, when float64 }

// fold adds a value by the rules of its kind.
func (a archived) fold(k kind, other archived, first bool) archived {
	switch how := k.merge(); {
	case first:
		return other
	case how == "min":
		return archived{min(a.value, other.value), 0}
	case how == "max":
		return archived{max(a.value, other.value), 0}
	case how == "mostrecent":
		if other.when > a.when {
			return other
		}
		return a
	default:
		return archived{a.value + other.value, 0}
	}
}
