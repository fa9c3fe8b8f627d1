//go:build unix

package multiproc

import (
	"io/fs"
	"syscall"
)

// isAlive reports whether a Go process is alive: it holds the lock on its file.
func isAlive(dir, id string) bool {
	in, _, why := openRegular(cellsPath(dir, id))
	if in == nil {
		return why != NotRegular || isRunning(id) // it is missing, or is not a process's file
	}
	defer func() { _ = in.Close() }()
	return isLocked(in)
}

// isRunning reports whether the process with one of our ids runs although its cell file is
// missing: the file was removed, and the process will create it again.
func isRunning(id string) bool {
	pid, start, namespace, _ := parseID(id)
	return start > 0 && namespace == pidNamespace() && startTicks(pid) == start
}

// inodeOf returns a file's inode, or 0 if there is none.
func inodeOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}

// deviceOf returns the device that holds a file.
func deviceOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}
