//go:build unix

package server

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const errQuota = syscall.EDQUOT

// freeBytes returns the space below dir that is available to unprivileged users.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // the types differ by system
}
