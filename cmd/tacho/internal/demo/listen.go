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

// portsTried is the maximum number of ports to try.
const portsTried = 200

// Listen listens on the first free port at or after from.
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
	return nil, fmt.Errorf("all ports from %d to %d are in use on %s; choose another with --port", from, last, loopback)
}
