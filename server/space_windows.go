//go:build windows

package server

import (
	"syscall"

	"golang.org/x/sys/windows"
)

const errNoQuota = syscall.Errno(windows.ERROR_DISK_FULL)

// freeBytes returns what this user may still write below dir.
func freeBytes(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return int64(free), err
}
