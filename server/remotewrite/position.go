package remotewrite

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A position is a place between two records of the WAL.
type position struct {
	Segment int   `json:"segment"`
	Offset  int64 `json:"offset"` // bytes of the segment before the position
	Time    int64 `json:"time"`   // of the newest sample before the position, in milliseconds
}

// before reports whether p is before q.
func (p position) before(q position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// A state is what a receiver must know after a restart.
type state struct {
	position           // up to here, everything was acknowledged
	Window   *inFlight `json:"window,omitempty"` // what was being sent
}

// An inFlight is a window that is being sent. After a restart, it is divided into the same
// requests again, and those that were acknowledged are left out. Other requests would mix
// samples that the receiver has with new ones, and Prometheus rejects a request of remote
// write 1.0 as a whole if one of its samples is older than the newest one of its series.
type inFlight struct {
	End       position `json:"end"`
	Lanes     int      `json:"lanes"`
	Size      int      `json:"size"`
	ByHash    bool     `json:"by_hash"`
	NotBefore int64    `json:"not_before"`
	Sent      []int    `json:"sent,omitempty"` // acknowledged requests of each lane
}

// A savepoint is the file of a receiver's state: two records of one size that are written in
// turn. A write in place survives the end of the process, however it ends, without waiting
// for the disk; if the machine stops in the middle of a write, the other record is still valid.
type savepoint struct {
	file     *os.File
	sequence uint64
}

// A record is "checksum sequence JSON", padded with spaces, and ends with a newline.
const savepointSize = 4096

// openSavepoint opens or creates the file. found is false if it is new. If both records are
// damaged, the error is errDamaged, and the file can be used all the same.
func openSavepoint(path string) (s *savepoint, at state, found bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, at, false, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, at, false, err
	}
	s = &savepoint{file: f}
	text, err := io.ReadAll(io.LimitReader(f, 2*savepointSize))
	if err != nil || len(text) == 0 {
		return s, at, false, err
	}
	for i := range 2 {
		record := text[min(len(text), i*savepointSize):min(len(text), (i+1)*savepointSize)]
		sequence, p, ok := parseSavepoint(record)
		if ok && (!found || sequence > s.sequence) {
			s.sequence, at, found = sequence, p, true
		}
	}
	if !found {
		err = fmt.Errorf("%s: %w", path, errDamaged)
	}
	return s, at, found, err
}

func parseSavepoint(record []byte) (sequence uint64, at state, ok bool) {
	sum, rest, _ := strings.Cut(strings.TrimRight(string(record), " \n"), " ")
	if sum != checksum(rest) {
		return 0, at, false
	}
	number, text, _ := strings.Cut(rest, " ")
	if _, err := fmt.Sscan(number, &sequence); err != nil || json.Unmarshal([]byte(text), &at) != nil {
		return 0, at, false
	}
	return sequence, at, at.valid()
}

func (s state) valid() bool {
	if s.Segment < 0 || s.Offset < 0 {
		return false
	}
	w := s.Window
	return w == nil || w.End.Segment >= 0 && w.End.Offset >= 0 && w.Lanes > 0 && w.Size > 0
}

func checksum(text string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) }

// write replaces the older of the two records.
func (s *savepoint) write(at state) error {
	s.sequence++
	text, err := json.Marshal(at)
	if err == nil && len(text) > savepointSize-64 { // too many lanes: repeat the whole window
		w := *at.Window
		w.Sent, at.Window = nil, &w
		text, err = json.Marshal(at)
	}
	if err != nil {
		return err
	}
	rest := fmt.Sprintf("%d %s", s.sequence, text)
	record := fmt.Sprintf("%-*s\n", savepointSize-1, checksum(rest)+" "+rest)
	_, err = s.file.WriteAt([]byte(record), int64(s.sequence%2)*savepointSize)
	return err
}

func (s *savepoint) close() error { return s.file.Close() }
