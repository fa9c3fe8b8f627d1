//go:build !unix

package http1

// Supported is whether this system can check idle connections. Without it, a response that nobody asked for would go
// to the next client.
const Supported = false

func (c *conn) isOpen() bool { return Supported }
