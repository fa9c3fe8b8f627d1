package server

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The log of the TSDB (https://prometheus.io/docs/prometheus/latest/storage/):
// numbered segments in the folder wal.
const walDir = "wal"

// segments lists the log's segments, oldest first.
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

// A keepsake holds on to the log as it was before it was opened. Opening a
// log with a damaged record cuts everything after the record off; the
// keepsake still has it. It costs no space: its files are links.
type keepsake struct{ dir string }

// keepLog links the segments of the log below dir. Where links are impossible
// it keeps nothing, as Prometheus does.
func keepLog(dir string, now time.Time) *keepsake {
	all := segments(dir)
	if len(all) == 0 {
		return &keepsake{}
	}
	k := &keepsake{filepath.Join(dir, "wal-before-repair-"+now.UTC().Format("20060102T150405Z"))}
	if os.MkdirAll(k.dir, 0o750) != nil {
		return &keepsake{}
	}
	for _, s := range all {
		if os.Link(filepath.Join(dir, walDir, s.Name()), filepath.Join(k.dir, s.Name())) != nil {
			k.drop()
			return &keepsake{}
		}
	}
	return k
}

// drop lets go of the links; an undamaged log needs none.
func (k *keepsake) drop() {
	if k.dir != "" {
		_ = os.RemoveAll(k.dir)
		k.dir = ""
	}
}

// String says where the old log is.
func (k *keepsake) String() string {
	if k.dir == "" {
		return "not kept: the file system has no links"
	}
	return fmt.Sprintf("kept in %s", k.dir)
}
