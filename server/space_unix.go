//go:build unix

package server

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const errNoQuota = syscall.EDQUOT

// freeBytes returns what an ordinary user may still write below dir.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // the types differ by system
}
