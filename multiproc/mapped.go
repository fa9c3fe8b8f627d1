package multiproc

import (
	"fmt"
	"os"
	"path/filepath"
)

// A mapped is a file that this process writes and has mapped, piece by piece as
// it grows, so that what points into it stays valid. Every byte has its place on
// the disk before it is mapped: else a full disk would be SIGBUS, at some later
// write.
type mapped struct {
	file   *os.File
	size   int64
	pieces []piece
}

// A piece is a part of the file in memory.
type piece struct {
	at    int64
	bytes []byte
}

const (
	firstPiece = 64 << 10 // as Python's client begins
	largePiece = 4 << 20
)

// createMapped makes a file of at least n bytes, all zero. It has the temporary
// name until publish.
func createMapped(path string, n int64) (*mapped, error) {
	f, err := createFile(path + temporary)
	if err != nil {
		return nil, err
	}
	m := &mapped{file: f}
	if err := m.extend(n); err != nil {
		m.discard()
		return nil, err
	}
	return m, nil
}

// discard takes a file away that nobody has seen.
func (m *mapped) discard() {
	_ = os.Remove(m.file.Name())
	m.close()
}

// publish gives the file its name. What had it before is replaced.
func (m *mapped) publish() error {
	name := m.file.Name()
	return os.Rename(name, name[:len(name)-len(temporary)])
}

// publishNew gives the file its name, unless there is one.
func (m *mapped) publishNew() error {
	name := m.file.Name()
	if err := os.Link(name, name[:len(name)-len(temporary)]); err != nil {
		return err
	}
	return os.Remove(name)
}

// extend makes the file larger by at least n bytes, and maps these. While there is
// space it takes more, so that files grow in few pieces.
func (m *mapped) extend(n int64) error {
	n = wholePages(n)
	more := wholePages(max(n, min(max(m.size, firstPiece), largePiece)))
	err := m.reserve(more)
	if isFull(err) && more > n {
		more, err = n, m.reserve(n)
	}
	if err != nil {
		return err
	}
	bytes, err := mmap(m.file, m.size, int(more))
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(m.file.Name()), err)
	}
	m.pieces = append(m.pieces, piece{m.size, bytes})
	m.size += more
	return nil
}

func wholePages(n int64) int64 {
	page := int64(os.Getpagesize())
	return (n + page - 1) / page * page
}

// reserve gives the n bytes behind the file's end their place on the disk.
func (m *mapped) reserve(n int64) error {
	if err := reserve(m.file, m.size, n); err != nil {
		_ = m.file.Truncate(m.size) // some may have got theirs
		return fmt.Errorf("%s: %w", filepath.Base(m.file.Name()), err)
	}
	return nil
}

// bytes are n bytes of the file, nil unless one piece has them all.
func (m *mapped) bytes(at, n int64) []byte {
	for i := len(m.pieces) - 1; i >= 0; i-- {
		if p := m.pieces[i]; at >= p.at {
			if end := at - p.at + n; end <= int64(len(p.bytes)) {
				return p.bytes[at-p.at : end : end]
			}
			return nil
		}
	}
	return nil
}

// close lets the file go. Nothing may point into it any more.
func (m *mapped) close() {
	for _, p := range m.pieces {
		munmap(p.bytes)
	}
	_ = m.file.Close()
}

// writeZeros reserves space where the system has no call for it.
func writeZeros(f *os.File, at, n int64) error {
	zeros := make([]byte, firstPiece)
	for ; n > 0; n -= int64(len(zeros)) {
		part := zeros[:min(n, int64(len(zeros)))]
		if _, err := f.WriteAt(part, at); err != nil {
			return err
		}
		at += int64(len(part))
	}
	return nil
}
