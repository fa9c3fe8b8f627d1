//go:build unix

package http1

import "syscall"

// Supported is whether this system can check idle connections. Without it, a response that nobody asked for would go
// to the next client.
const Supported = true

// isOpen reports whether the service has neither closed an idle connection nor sent bytes that no request
// asked for. It does not block. Control has no deadline: that of the last response may have passed.
func (c *conn) isOpen() bool {
	if c.raw == nil {
		return false
	}
	open := false
	err := c.raw.Control(func(fd uintptr) {
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		open = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK //nolint:errorlint // a system call's own
	})
	return err == nil && open
}
