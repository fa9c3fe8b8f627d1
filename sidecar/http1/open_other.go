//go:build !unix

package http1

// checks is false: without it, a response that nobody asked for would go to the next client.
const checks = false

func (c *conn) isOpen() bool { return checks }
