package remotewrite

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// A position is a place between two records of the WAL.
type position struct {
	segment int
	offset  int64 // bytes of the segment before the position
	time    int64 // of the newest sample before the position, in milliseconds; 0 if unknown
}

// A savepoint is the file of a receiver's position: two lines of equal length that are written
// in turn. A write in place survives the end of the process, however it ends, without a
// system call for the disk; if the machine stops in the middle of a write, the other line is
// still valid.
type savepoint struct {
	file     *os.File
	sequence uint64
}

// A line is "sequence segment offset time checksum\n".
const (
	savepointLine   = "%020d %010d %020d %020d"
	savepointLength = 20 + 1 + 10 + 1 + 20 + 1 + 20 + 1 + 8 + 1
)

// openSavepoint opens or creates the file. found is false if it is new. If both lines are
// damaged, the error is errDamaged, and the file can be used all the same.
func openSavepoint(path string) (s *savepoint, at position, found bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, at, false, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, at, false, err
	}
	s = &savepoint{file: f}
	text := make([]byte, 2*savepointLength)
	n, _ := f.ReadAt(text, 0)
	if n == 0 {
		return s, at, false, nil
	}
	for line := range 2 {
		sequence, p, ok := parseSavepoint(text[line*savepointLength:][:savepointLength])
		if ok && (!found || sequence > s.sequence) {
			s.sequence, at, found = sequence, p, true
		}
	}
	if !found {
		err = fmt.Errorf("%s: %w", path, errDamaged)
	}
	return s, at, found, err
}

func parseSavepoint(line []byte) (sequence uint64, p position, ok bool) {
	text := line[:savepointLength-10]
	var sum uint32
	if _, err := fmt.Sscanf(string(line), "%d %d %d %d %x\n", &sequence, &p.segment, &p.offset, &p.time, &sum); err != nil {
		return 0, p, false
	}
	return sequence, p, sum == crc32.ChecksumIEEE(text) && p.segment >= 0 && p.offset >= 0
}

// write replaces the older of the two lines.
func (s *savepoint) write(p position) error {
	s.sequence++
	text := fmt.Sprintf(savepointLine, s.sequence, p.segment, p.offset, p.time)
	text = fmt.Sprintf("%s %08x\n", text, crc32.ChecksumIEEE([]byte(text)))
	_, err := s.file.WriteAt([]byte(text), int64(s.sequence%2)*savepointLength)
	return err
}

func (s *savepoint) close() error { return s.file.Close() }
