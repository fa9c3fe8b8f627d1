//go:build unix

package multiproc

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmap maps n bytes of a file for writing.
func mmap(f *os.File, at int64, n int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), at, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

// remap maps a part of a file over existing mapped memory.
func remap(f *os.File, at int64, in []byte) error {
	_, err := unix.MmapPtr(int(f.Fd()), at, unsafe.Pointer(unsafe.SliceData(in)), uintptr(len(in)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_FIXED)
	return err
}

// isUnlinked reports whether an open file has no name left.
func isUnlinked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}

// isReadOnly reports whether an error means a read-only file system.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

func munmap(bytes []byte) { _ = syscall.Munmap(bytes) }

// isFull reports whether an error means that there is no space: on the disk, in the user's
// quota, or within the limit for one file.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// lockFile takes the lock that shows that the file's process is alive. The kernel releases it
// when the process ends, however that happens.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// unlockFile shows that the process has finished with its file. Closing the file is not enough
// while it is mapped.
func unlockFile(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// isLocked reports whether a process holds the lock on a file.
func isLocked(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	}
	return err != nil
}
