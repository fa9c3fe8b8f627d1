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

// mmap maps n bytes of a file, to be written.
func mmap(f *os.File, at int64, n int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), at, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
}

// remap maps a part of a file where memory is mapped already.
func remap(f *os.File, at int64, in []byte) error {
	_, err := unix.MmapPtr(int(f.Fd()), at, unsafe.Pointer(unsafe.SliceData(in)), uintptr(len(in)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_FIXED)
	return err
}

// isUnlinked reports whether an open file has no name any more.
func isUnlinked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}

// isReadOnly reports whether an error says that the file system cannot be written.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

func munmap(bytes []byte) { _ = syscall.Munmap(bytes) }

// isFull reports whether an error says that there is no space: on the disk, in
// the user's share of it, or in what one file may have.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// hold takes the lock by which others know that the file's process is alive. The
// kernel lets it go with the process, however that ends.
func hold(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// release lets others know that the file's process is done with it. Closing the
// file is not enough while it is mapped.
func release(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// isHeld reports whether somebody holds a file.
func isHeld(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	}
	return err != nil
}
