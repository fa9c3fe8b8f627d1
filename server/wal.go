package server

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The write-ahead log of the TSDB (https://prometheus.io/docs/prometheus/latest/storage/):
// numbered segments in the directory wal.
const walDir = "wal"

// segments lists the segments of the WAL, oldest first.
func segments(dir string) []fs.FileInfo {
	entries, err := os.ReadDir(filepath.Join(dir, walDir)) // sorted by name
	if err != nil {
		return nil
	}
	var all []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			all = append(all, info)
		}
	}
	return all
}

// lastSegment returns the size of the newest segment.
func lastSegment(dir string) int64 {
	all := segments(dir)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Size()
}

// A walBackup is a copy of the WAL before it is opened. Opening a WAL with a damaged
// record truncates everything after it; the backup still has it. It takes no space: its
// files are hard links.
type walBackup struct{ dir string }

// backUpWAL links the segments of the WAL below dir. Without hard links there is no
// backup, as in Prometheus.
func backUpWAL(dir string, now time.Time) *walBackup {
	all := segments(dir)
	if len(all) == 0 {
		return &walBackup{}
	}
	k := &walBackup{filepath.Join(dir, "wal-before-repair-"+now.UTC().Format("20060102T150405Z"))}
	if os.MkdirAll(k.dir, 0o750) != nil {
		return &walBackup{}
	}
	for _, s := range all {
		if os.Link(filepath.Join(dir, walDir, s.Name()), filepath.Join(k.dir, s.Name())) != nil {
			k.drop()
			return &walBackup{}
		}
	}
	return k
}

// differs reports whether a segment of the WAL is no longer that of the backup: the WAL has
// been repaired.
func (k *walBackup) differs(dir string) bool {
	if k.dir == "" {
		return false
	}
	for _, s := range segments(dir) {
		before, err := os.Stat(filepath.Join(k.dir, s.Name()))
		if err == nil && !os.SameFile(before, s) {
			return true
		}
	}
	return false
}

// drop removes the backup.
func (k *walBackup) drop() {
	if k.dir != "" {
		_ = os.RemoveAll(k.dir)
		k.dir = ""
	}
}

// String returns the location of the backup.
func (k *walBackup) String() string {
	if k.dir == "" {
		return "none: the file system has no hard links"
	}
	return k.dir
}
