package demo

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// loopback is the only interface that the demo listens on.
const loopback = "127.0.0.1"

// portsTried is how many ports in a row may be taken.
const portsTried = 200

// listen takes the first free port from the given one on.
func listen(from int) (*net.TCPListener, error) {
	last := min(from+portsTried-1, 65535)
	for port := from; port <= last; port++ {
		ln, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		switch {
		case err == nil:
			return ln.(*net.TCPListener), nil
		case !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES):
			return nil, err
		}
	}
	return nil, fmt.Errorf("all ports from %d to %d are taken on %s; begin elsewhere with --port", from, last, loopback)
}

// A handoff is the listener of one generation of an instance. The instance
// keeps the real listener and hands connections to whichever generation serves,
// so that nobody is refused while one takes over from the other.
type handoff struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{} // closed by Close, which http.Server calls once
}

func newHandoff(addr net.Addr) *handoff {
	return &handoff{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// give reports whether the generation has taken the connection.
func (h *handoff) give(c net.Conn) bool {
	select {
	case h.conns <- c:
		return true
	case <-h.done:
		return false
	}
}

func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handoff) Addr() net.Addr { return h.addr }

// Close ends this generation's share of the port, not the port.
func (h *handoff) Close() error {
	close(h.done)
	return nil
}
