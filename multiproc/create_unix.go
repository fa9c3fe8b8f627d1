//go:build unix

package multiproc

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	noFollow = syscall.O_NOFOLLOW
	noWait   = syscall.O_NONBLOCK // for the other end of a FIFO
)

// ownerOf is the user and the group of a file.
func ownerOf(info fs.FileInfo) (uid, gid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}

// ownedByOneOf reports whether a file is this process's, root's, or that of the owner of
// a directory.
func ownedByOneOf(info fs.FileInfo, dir string) bool {
	uid, _, ok := ownerOf(info)
	if !ok || uid == os.Geteuid() || uid == 0 {
		return ok
	}
	of, err := os.Stat(dir)
	if err != nil {
		return false
	}
	owner, _, ok := ownerOf(of)
	return ok && owner == uid
}

// hasOtherNames reports whether a file is in another directory as well.
func hasOtherNames(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink != 1
}

// giveToOwnerOf gives a file that root has just made to the directory's owner, whose
// processes read and replace it. Others cannot give files away.
func giveToOwnerOf(f *os.File, dir string) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	if uid, gid, ok := ownerOf(info); ok && uid != 0 {
		_ = f.Chown(uid, gid)
	}
}
