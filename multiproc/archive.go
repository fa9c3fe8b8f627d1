package multiproc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// An archive is a file of the same format into which the files of processes that
// are gone have been folded: counter_archive.db and so on. Python's client reads
// it as it reads any worker's. Behind the bytes in use, where no client looks,
// stands its journal: which files are in it, so that none is counted twice
// whenever a compactor dies.
const archiveID = "archive"

// folding is what is put behind the name of a file that is being folded, with the
// generation of the archive that it is to go into: numbers of processes, and
// inodes, come again.
const folding = ".folding."

// cutFolding takes the name of a file apart that is being folded.
func cutFolding(file string) (name string, generation uint64, ok bool) {
	name, number, ok := strings.Cut(file, folding)
	if !ok {
		return file, 0, false
	}
	generation, err := strconv.ParseUint(number, 10, 64)
	return name, generation, err == nil
}

// A folded is a file that is in an archive.
type folded struct {
	Name  string `json:"n"`
	Inode uint64 `json:"i"`
	For   uint64 `json:"f"` // the generation in its name
	In    uint64 `json:"g"` // the generation that it is in
}

// A fileID is a file of a directory, until its name and inode come again.
type fileID struct {
	name  string
	inode uint64
}

// A contents is what is in the archives of a directory.
type contents struct {
	exactly map[folded]bool // files under the names that they were folded by; without In
	since   map[fileID]bool // files that went in after some moment
}

// journalLimit is how many files a journal remembers: readers that have not
// looked for so many are behind anyway.
const journalLimit = 4096

// longestJournal is more than the names of so many files take, in bytes.
const longestJournal = 4 << 20

var errTooLarge = errors.New("multiproc: a file would exceed 2 GiB")

var journalMagic = []byte("tacho\x00\x01\n")

// A journal says what is in an archive.
type journal struct {
	files      []folded
	generation uint64 // one more each time; inodes come again
	lineages   lineages
}

// The lineages of an archive are a number for each archive in it that was made without
// another one before it.
type lineages []uint64

// continues reports whether an archive has in it what one had that was there before. Of
// one without a lineage, as the first releases made them, it does.
func (l lineages) continues(before lineages) bool {
	return !slices.ContainsFunc(before, func(n uint64) bool { return !slices.Contains(l, n) })
}

// appendTo puts the journal behind an archive's entries: its files, their length,
// the generation and the magic number.
func (j journal) appendTo(data []byte) ([]byte, error) {
	text, err := json.Marshal(append(j.lineages.entries(), j.files...))
	if err != nil {
		return nil, err
	}
	data = append(data, text...)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(text)))
	data = binary.LittleEndian.AppendUint64(data, j.generation)
	return append(data, journalMagic...), nil
}

// Lineages stand in a journal as files without a name, which earlier releases skip.
func (l lineages) entries() (entries []folded) {
	for _, n := range l {
		entries = append(entries, folded{Inode: n})
	}
	return entries
}

// readJournal reads an archive's journal, an empty one where there is none.
func readJournal(path string) (j journal) {
	in, _ := new(file).open(path)
	if in == nil {
		return j
	}
	defer func() { _ = in.Close() }()
	return journalOf(in)
}

func journalOf(in *os.File) (j journal) {
	end, n, generation := readTail(in)
	text := make([]byte, n)
	var entries []folded
	if _, err := in.ReadAt(text, end-n); n == 0 || err != nil || json.Unmarshal(text, &entries) != nil {
		return journal{}
	}
	for _, e := range entries {
		if e.Name == "" {
			j.lineages = append(j.lineages, e.Inode)
		} else {
			j.files = append(j.files, e)
		}
	}
	j.generation = generation
	return j
}

// readTail reads where a journal's files end, how long they are, and the
// generation.
func readTail(in *os.File) (end, n int64, generation uint64) {
	tail := make([]byte, 16+len(journalMagic))
	size, err := in.Seek(0, io.SeekEnd)
	if end = size - int64(len(tail)); err != nil || end < 0 {
		return 0, 0, 0
	}
	if _, err := in.ReadAt(tail, end); err != nil || !slices.Equal(tail[16:], journalMagic) {
		return 0, 0, 0
	}
	if n = int64(binary.LittleEndian.Uint64(tail)); n < 0 || n > min(end, longestJournal) {
		return 0, 0, 0
	}
	return end, n, binary.LittleEndian.Uint64(tail[8:])
}

// archivedKinds are those whose values are kept when a process is gone.
var archivedKinds = []kind{
	{name: "counter"}, {name: "histogram"}, {name: "summary"},
	{"gauge", "min"}, {"gauge", "max"}, {"gauge", "sum"}, {"gauge", "mostrecent"},
	cellsKind,
}

// archiveOf is the path of a kind's archive.
func archiveOf(dir string, k kind) string { return k.fileOf(dir, archiveID) }

// readContents reads what is in the archives, and what has gone in since they had
// these generations.
func readContents(dir string, generations map[string]uint64) contents {
	c := contents{map[folded]bool{}, map[fileID]bool{}}
	for _, k := range archivedKinds {
		path := archiveOf(dir, k)
		for _, f := range readJournal(path).files {
			if f.In > generations[path] {
				c.since[fileID{f.Name, f.Inode}] = true
			}
			f.In = 0
			c.exactly[f] = true
		}
	}
	return c
}

// archives are the present archives' generations: another one means that files
// have gone into it.
func archives(dir string, kinds []kind) map[string]uint64 {
	now := map[string]uint64{}
	for _, k := range kinds {
		path := archiveOf(dir, k)
		if in, _ := new(file).open(path); in != nil {
			_, _, now[path] = readTail(in)
			_ = in.Close()
		} else {
			now[path] = 0
		}
	}
	return now
}

// temporary is behind the name of a file that is not complete yet.
const temporary = ".new"
