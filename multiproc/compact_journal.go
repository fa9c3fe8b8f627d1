package multiproc

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// compactingMark follows the name of a file that is being merged, and precedes the generation of
// the archive that it goes into: PIDs and inodes are reused.
const compactingMark = ".folding."

// cutCompacting splits the name of a file that is being merged.
func cutCompacting(file string) (name string, generation uint64, ok bool) {
	name, number, ok := strings.Cut(file, compactingMark)
	if !ok {
		return file, 0, false
	}
	generation, err := strconv.ParseUint(number, 10, 64)
	return name, generation, err == nil
}

// An archivedFile is a file that is in an archive.
type archivedFile struct {
	Name       string `json:"n"`
	Inode      uint64 `json:"i"`
	Target     uint64 `json:"f"` // the generation in its name
	Generation uint64 `json:"g"` // the generation that contains it
}

// A fileRef identifies a file of a directory until its name and inode are reused.
type fileRef struct {
	name  string
	inode uint64
}

// archivedFiles are the files in the archives of a directory.
type archivedFiles struct {
	all   map[archivedFile]bool // by the names under which they were merged, Generation left 0
	added map[fileRef]bool      // those added after given generations
}

// maxJournalFiles is how many files a journal lists. A reader that missed more is too far behind
// anyway.
const maxJournalFiles = 4096

// maxJournalBytes exceeds the size of a journal of that many files.
const maxJournalBytes = 4 << 20

var journalMagic = []byte("tacho\x00\x01\n")

// A journal lists the files in an archive.
type journal struct {
	files      []archivedFile
	generation uint64 // incremented by each write, because inodes are reused
	lineages   lineages
}

// The lineages of an archive have one number for each archive merged into it that was started
// from scratch.
type lineages []uint64

// continues reports whether an archive includes an earlier one. It assumes so for an archive
// without lineages, as the first releases wrote them.
func (l lineages) continues(before lineages) bool {
	return !slices.ContainsFunc(before, func(n uint64) bool { return !slices.Contains(l, n) })
}

// appendTo appends the journal to an archive's entries: its files, their length, the generation
// and the magic number.
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

// A journal stores lineages as files without a name, which earlier releases skip.
func (l lineages) entries() (entries []archivedFile) {
	for _, n := range l {
		entries = append(entries, archivedFile{Inode: n})
	}
	return entries
}

// readJournal reads an archive's journal; a missing one is empty.
func readJournal(path string) (j journal) {
	in, _, _ := openRegular(path)
	if in == nil {
		return j
	}
	defer func() { _ = in.Close() }()
	return journalOf(in)
}

func journalOf(in *os.File) (j journal) {
	end, n, generation := readTail(in)
	text := make([]byte, n)
	var entries []archivedFile
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

// readTail returns the end and the length of a journal's files, and the generation.
func readTail(in *os.File) (end, n int64, generation uint64) {
	tail := make([]byte, 16+len(journalMagic))
	size, err := in.Seek(0, io.SeekEnd)
	if end = size - int64(len(tail)); err != nil || end < 0 {
		return 0, 0, 0
	}
	if _, err := in.ReadAt(tail, end); err != nil || !slices.Equal(tail[16:], journalMagic) {
		return 0, 0, 0
	}
	if n = int64(binary.LittleEndian.Uint64(tail)); n < 0 || n > min(end, maxJournalBytes) {
		return 0, 0, 0
	}
	return end, n, binary.LittleEndian.Uint64(tail[8:])
}

// archivedKinds are the kinds whose values outlive their process.
var archivedKinds = []kind{
	{name: "counter"}, {name: "histogram"}, {name: "summary"},
	{"gauge", "min"}, {"gauge", "max"}, {"gauge", "sum"}, {"gauge", "mostrecent"},
	cellKind,
}

// archivePath returns the path of a kind's archive.
func archivePath(dir string, k kind) string { return k.path(dir, archiveID) }

// readArchivedFiles returns the files in the archives, and those added since the given
// generations.
func readArchivedFiles(dir string, generations map[string]uint64) archivedFiles {
	c := archivedFiles{map[archivedFile]bool{}, map[fileRef]bool{}}
	for _, k := range archivedKinds {
		path := archivePath(dir, k)
		for _, f := range readJournal(path).files {
			if f.Generation > generations[path] {
				c.added[fileRef{f.Name, f.Inode}] = true
			}
			f.Generation = 0
			c.all[f] = true
		}
	}
	return c
}

// archiveGenerations returns the generations of the archives. A changed generation means that
// files were added.
func archiveGenerations(dir string, kinds []kind) map[string]uint64 {
	now := map[string]uint64{}
	for _, k := range kinds {
		path := archivePath(dir, k)
		if in, _, _ := openRegular(path); in != nil {
			_, _, now[path] = readTail(in)
			_ = in.Close()
		} else {
			now[path] = 0
		}
	}
	return now
}
