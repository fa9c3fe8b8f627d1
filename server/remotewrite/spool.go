package remotewrite

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// folder is the directory of savepoints and links below the data directory.
const folder = "remote-write"

// A spool is the WAL together with the segments and checkpoints that the storage has already
// removed from it, but a receiver still needs. They are hard links, which take no space as
// long as the WAL has them too.
type spool struct {
	wal   string // the storage's WAL
	kept  string // the hard links
	limit time.Duration
	log   *slog.Logger

	newest  atomic.Int64 // segment
	noLinks atomic.Bool  // the file system has none: only the WAL is left
}

func newSpool(dataDir string, limit time.Duration, log *slog.Logger) *spool {
	return &spool{wal: filepath.Join(dataDir, "wal"), kept: filepath.Join(dataDir, folder, "wal"), limit: limit, log: log}
}

// checkpointPrefix begins the name of the directory that replaces the segments up to its number.
const checkpointPrefix = "checkpoint."

// numbered lists the entries prefix+number of a directory, ascending.
func numbered(dir, prefix string) []int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var all []int
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), prefix)
		if n, err := strconv.Atoi(digits); ok && err == nil && n >= 0 {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// segments lists the segments of the WAL and the kept ones, ascending.
func (s *spool) segments() []int { return union(numbered(s.wal, ""), numbered(s.kept, "")) }

func union(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// next returns the first segment after the given one.
func (s *spool) next(after int) (segment int, ok bool) {
	if _, err := os.Stat(wlog.SegmentName(s.wal, after+1)); err == nil {
		return after + 1, true
	}
	for _, n := range s.segments() {
		if n > after {
			return n, true
		}
	}
	return 0, false
}

// open opens a segment. The error is fs.ErrNotExist if it is gone.
func (s *spool) open(segment int) (*wlog.Segment, error) {
	f, err := wlog.OpenReadSegment(wlog.SegmentName(s.wal, segment))
	if errors.Is(err, fs.ErrNotExist) {
		return wlog.OpenReadSegment(wlog.SegmentName(s.kept, segment))
	}
	return f, err
}

// checkpoint returns the newest checkpoint whose number is below a segment: it has the series
// of the segments up to its number that later segments use.
func (s *spool) checkpoint(below int) (number int, dir string, ok bool) {
	number = -1
	for _, parent := range []string{s.kept, s.wal} {
		for _, n := range numbered(parent, checkpointPrefix) {
			if n < below && n >= number {
				number, dir, ok = n, checkpointDir(parent, n), true
			}
		}
	}
	return number, dir, ok
}

func checkpointDir(parent string, number int) string {
	name := strconv.Itoa(number)
	return filepath.Join(parent, checkpointPrefix+strings.Repeat("0", max(0, 8-len(name)))+name)
}

// end returns the end of the WAL.
func (s *spool) end() position {
	all := numbered(s.wal, "")
	if len(all) == 0 {
		return position{}
	}
	last := all[len(all)-1]
	return position{Segment: last, Offset: s.size(last)}
}

// size returns the size of a segment, or 0 if it is gone.
func (s *spool) size(segment int) int64 {
	if info := s.stat(segment); info != nil {
		return info.Size()
	}
	return 0
}

// stat returns nil if the segment is gone.
func (s *spool) stat(segment int) fs.FileInfo {
	for _, dir := range []string{s.wal, s.kept} {
		if info, err := os.Stat(wlog.SegmentName(dir, segment)); err == nil {
			return info
		}
	}
	return nil
}

// bytesAfter returns how much of the WAL lies after a position.
func (s *spool) bytesAfter(p position) (n int64) {
	for _, segment := range s.segments() {
		switch {
		case segment == p.Segment:
			n += max(0, s.size(segment)-p.Offset)
		case segment > p.Segment:
			n += s.size(segment)
		}
	}
	return n
}

// sync keeps the segments and checkpoints from the segment needed on and removes others. It
// returns the segments that the storage has replaced, because it repaired its WAL.
func (s *spool) sync(needed int, now time.Time) (replaced []int) {
	live := numbered(s.wal, "")
	if len(live) == 0 {
		return nil
	}
	s.newest.Store(int64(live[len(live)-1]))
	if err := os.MkdirAll(s.kept, 0o750); err != nil {
		s.linkFailed(err)
		return nil
	}
	needed = max(needed, s.notExpired(now))
	s.keepCheckpoints()
	base := s.base(needed)
	for _, n := range live {
		if n <= base {
			continue
		}
		if again, err := keep(wlog.SegmentName(s.wal, n), wlog.SegmentName(s.kept, n)); err != nil {
			s.linkFailed(err)
		} else if again {
			replaced = append(replaced, n)
		}
	}
	s.prune(base, live[len(live)-1])
	return replaced
}

// base returns the number of the checkpoint from which reading a segment starts, or -1.
func (s *spool) base(segment int) int {
	n, _, ok := s.checkpoint(segment)
	if !ok {
		return -1
	}
	return n
}

// linkFailed logs the first failure.
func (s *spool) linkFailed(err error) {
	if !errors.Is(err, fs.ErrNotExist) && !s.noLinks.Swap(true) {
		s.log.Warn("the file system has no hard links: unsent samples are kept only as long as the storage's own log has them", "err", err)
	}
}

// keep links a file. If the link exists and is of another file, keep replaces it.
func keep(file, link string) (replaced bool, err error) {
	err = os.Link(file, link)
	if !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	a, err := os.Stat(file)
	if err != nil {
		return false, err
	}
	if b, err := os.Stat(link); err == nil && os.SameFile(a, b) {
		return false, nil
	}
	if err := os.Remove(link); err != nil {
		return false, err
	}
	return true, os.Link(file, link)
}

// keepCheckpoints links the checkpoints of the WAL.
func (s *spool) keepCheckpoints() {
	for _, n := range numbered(s.wal, checkpointPrefix) {
		from, to := checkpointDir(s.wal, n), checkpointDir(s.kept, n)
		if _, err := os.Stat(to); err == nil {
			continue
		}
		if err := linkAll(from, to); err != nil {
			s.linkFailed(err)
		}
	}
}

// linkAll links the files of a directory. The new directory appears when it is complete.
func linkAll(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	part := to + ".part"
	_ = os.RemoveAll(part)
	if err := os.MkdirAll(part, 0o750); err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Link(filepath.Join(from, e.Name()), filepath.Join(part, e.Name())); err != nil {
			return errors.Join(err, os.RemoveAll(part))
		}
	}
	return os.Rename(part, to)
}

// notExpired returns the first segment that was written to within the limit.
func (s *spool) notExpired(now time.Time) int {
	for _, n := range s.segments() {
		if info := s.stat(n); info != nil && now.Sub(info.ModTime()) < s.limit {
			return n
		}
	}
	return 0
}

// prune removes the links before the checkpoint base, and those of segments that the WAL no
// longer gets to, after a repair.
func (s *spool) prune(base, last int) {
	for _, n := range numbered(s.kept, "") {
		if n <= base || n > last {
			_ = os.Remove(wlog.SegmentName(s.kept, n))
		}
	}
	for _, n := range numbered(s.kept, checkpointPrefix) {
		if n < base || n > last {
			_ = os.RemoveAll(checkpointDir(s.kept, n))
		}
	}
}
