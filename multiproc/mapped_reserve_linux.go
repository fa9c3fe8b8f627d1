package multiproc

import (
	"errors"
	"os"
	"syscall"
)

// reserve allocates n bytes of a file on disk.
func reserve(f *os.File, at, n int64) error {
	for {
		err := syscall.Fallocate(int(f.Fd()), 0, at, n)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return writeZeros(f, at, n)
		default:
			return err
		}
	}
}
