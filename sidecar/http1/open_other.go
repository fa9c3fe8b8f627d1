//go:build !unix

package http1

// isOpen cannot tell here: a request on a connection that the service has closed is sent again if it is
// idempotent.
func (c *conn) isOpen() bool { return true }
