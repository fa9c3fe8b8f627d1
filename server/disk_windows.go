//go:build windows

package server

import (
	"syscall"

	"golang.org/x/sys/windows"
)

const errQuota = syscall.Errno(windows.ERROR_DISK_FULL)

// freeBytes returns the space below dir that is available to this user.
func freeBytes(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return int64(free), err
}
