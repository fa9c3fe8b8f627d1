//go:build !unix

package http1

// isOpen always returns true: this system has no check. Idempotent requests on a closed connection are retried.
func (c *conn) isOpen() bool { return true }
