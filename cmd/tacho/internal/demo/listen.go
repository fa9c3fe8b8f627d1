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

// Listen takes the first free port from the given one on.
func Listen(from int) (*net.TCPListener, error) {
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
