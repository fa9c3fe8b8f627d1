//go:build unix

package http1

import "syscall"

// isOpen reports whether the service has neither closed an idle connection nor sent bytes that no request
// asked for. It does not block.
func (c *conn) isOpen() bool {
	if c.raw == nil {
		return true
	}
	open := false
	err := c.raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		open = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK //nolint:errorlint // a system call's own
		return true
	})
	return err == nil && open
}
