//go:build unix

package multiproc

import (
	"io/fs"
	"syscall"
)

// alive reports whether a Go process is there: it holds its file.
func alive(dir, id string) bool {
	in, why := new(file).open(cellsOf(dir, id))
	if in == nil {
		return why != NotRegular || isThere(id) // it is not there, or not a process's
	}
	defer func() { _ = in.Close() }()
	return isHeld(in)
}

// isThere reports whether the process of one of our ids is there, whose file of cells is
// not: somebody has removed that, and the process makes it again.
func isThere(id string) bool {
	pid, start, namespace, _ := parseID(id)
	return start > 0 && namespace == pidNamespace() && startOf(pid) == start
}

// inodeOf is a file's number, 0 where there is none.
func inodeOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}

// deviceOf is the device that a file is on.
func deviceOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}
