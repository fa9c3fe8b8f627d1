package multiproc

import (
	"fmt"
	"os"
	"path/filepath"
)

// A mappedFile is a file that this process writes through memory. It is mapped piece by piece as
// it grows, so that pointers into it stay valid. Every byte is allocated on disk before it is
// mapped: otherwise a full disk would raise SIGBUS at a later write.
type mappedFile struct {
	file   *os.File
	size   int64
	pieces []piece
}

// A piece is a mapped part of the file.
type piece struct {
	at    int64
	bytes []byte
}

const (
	firstPiece = 64 << 10 // the initial size in Python's client
	largePiece = 4 << 20
)

// createMapped creates a file of at least n zero bytes. It has a temporary name until publish.
func createMapped(path string, n int64) (*mappedFile, error) {
	f, err := createFile(path + tempSuffix)
	if err != nil {
		return nil, err
	}
	m := &mappedFile{file: f}
	if err := m.extend(n); err != nil {
		m.discard()
		return nil, err
	}
	return m, nil
}

// discard removes a file that was not published.
func (m *mappedFile) discard() {
	_ = os.Remove(m.file.Name())
	m.close()
}

// publish gives the file its name, and replaces a file that has it.
func (m *mappedFile) publish() error {
	name := m.file.Name()
	return os.Rename(name, name[:len(name)-len(tempSuffix)])
}

// publishNew gives the file its name, unless another file has it.
func (m *mappedFile) publishNew() error {
	name := m.file.Name()
	if err := os.Link(name, name[:len(name)-len(tempSuffix)]); err != nil {
		return err
	}
	return os.Remove(name)
}

// extend grows the file by at least n bytes and maps them. While there is space it takes more,
// so that a file has few pieces.
func (m *mappedFile) extend(n int64) error {
	n = roundToPages(n)
	more := roundToPages(max(n, min(max(m.size, firstPiece), largePiece)))
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

func roundToPages(n int64) int64 {
	page := int64(os.Getpagesize())
	return (n + page - 1) / page * page
}

// reserve allocates n bytes after the end of the file.
func (m *mappedFile) reserve(n int64) error {
	if err := reserve(m.file, m.size, n); err != nil {
		_ = m.file.Truncate(m.size) // some bytes may have been allocated
		return fmt.Errorf("%s: %w", filepath.Base(m.file.Name()), err)
	}
	return nil
}

// bytes returns n bytes of the file, or nil unless a single piece holds them.
func (m *mappedFile) bytes(at, n int64) []byte {
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

// close closes and unmaps the file. Nothing may point into it any more.
func (m *mappedFile) close() {
	for _, p := range m.pieces {
		munmap(p.bytes)
	}
	_ = m.file.Close()
}

// writeZeros allocates space on a system without a call for it.
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
