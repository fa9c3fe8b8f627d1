package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tacho-go/tacho/server"
)

// demoFolder is how the demo's temporary folders are named.
const demoFolder = "tacho-demo-"

// sweep removes the folders of demos that were killed: those whose storage
// nobody has locked. Young ones may belong to a demo that is just starting.
func sweep(now time.Time) {
	locks, _ := filepath.Glob(filepath.Join(os.TempDir(), demoFolder+"*", "data", "lock"))
	for _, lock := range locks {
		info, err := os.Stat(lock)
		if err != nil || now.Sub(info.ModTime()) < time.Minute {
			continue
		}
		if server.InUse(filepath.Dir(lock)) {
			continue // its demo runs
		}
		dir := filepath.Dir(filepath.Dir(lock))
		slog.Debug("removing what a killed demo left", "folder", dir, "err", os.RemoveAll(dir))
	}
}
