package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tacho-go/tacho/server"
)

// demoFolder is the prefix of the demo's temporary directories.
const demoFolder = "tacho-demo-"

// sweep removes the directories of killed demos: those whose storage no process has locked.
// It keeps directories younger than a minute, as their demo may still be starting.
func sweep(now time.Time) {
	locks, _ := filepath.Glob(filepath.Join(os.TempDir(), demoFolder+"*", "data", "lock"))
	for _, lock := range locks {
		info, err := os.Stat(lock)
		if err != nil || now.Sub(info.ModTime()) < time.Minute {
			continue
		}
		if server.InUse(filepath.Dir(lock)) {
			continue // the demo is running
		}
		dir := filepath.Dir(filepath.Dir(lock))
		slog.Debug("removed the directory of a killed demo", "folder", dir, "err", os.RemoveAll(dir))
	}
}
