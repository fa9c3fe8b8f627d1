//go:build unix

package multiproc

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	noFollow    = syscall.O_NOFOLLOW
	nonBlocking = syscall.O_NONBLOCK // do not wait for the other end of a FIFO
)

// ownerOf returns the user and the group of a file.
func ownerOf(info fs.FileInfo) (uid, gid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(stat.Uid), int(stat.Gid), true
}

// ownedByOneOf reports whether a file belongs to this process, to root or to the owner of dir.
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

// hasOtherLinks reports whether a file has more than one name.
func hasOtherLinks(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink != 1
}

// chownToDirOwner gives a file that root has just created to the directory's owner, whose
// processes read and replace it. Only root can give files away.
func chownToDirOwner(f *os.File, dir string) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	if uid, gid, ok := ownerOf(info); ok && uid != 0 {
		_ = f.Chown(uid, gid)
	}
}
