package sidecar

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// mostPatience is how long an upstream may accept nothing of a request when its response may take any time.
const mostPatience = 10 * time.Minute

func (o Options) writeTimeout() time.Duration { return cmp.Or(o.ResponseTimeout, mostPatience) }

// A patientConn is a connection of net/http's transports. They limit the time for a response only once it has the whole
// request: without this limit of each write, a body that a service does not read would keep its request forever.
type patientConn struct {
	net.Conn
	timeout time.Duration // of each write
	tunnel  atomic.Bool   // both sides write when they like
}

// Write implements io.Writer.
func (c *patientConn) Write(p []byte) (int, error) {
	if !c.tunnel.Load() {
		_ = c.SetWriteDeadline(time.Now().Add(c.timeout))
	}
	return c.Conn.Write(p)
}

// CloseWrite ends one direction of a tunnel.
func (c *patientConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// openTunnel removes the limit.
func openTunnel(c net.Conn) {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	if p, ok := c.(*patientConn); ok {
		p.tunnel.Store(true)
		_ = p.SetWriteDeadline(time.Time{})
	}
}
