//go:build unix

package multiproc

import (
	"io/fs"
	"syscall"
)

// alive reports whether a worker's process is there. One of ours holds its file.
// Of one whose id is not a process's number nothing is known, and it is taken to be
// alive.
func alive(dir, id string) bool {
	if isOurs(id) {
		in, why := new(file).open(cellsOf(dir, id))
		if in == nil {
			return why != NotRegular // it is not there, or not a process's
		}
		defer func() { _ = in.Close() }()
		return isHeld(in)
	}
	pid, ok := pidOf(id)
	if !ok {
		return true
	}
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}

// inodeOf is a file's number, 0 where there is none.
func inodeOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}
