// Package handoff has a net.Listener whose connections come from a function
// call: from a listener that several servers share, or from a pipe.
package handoff

import (
	"context"
	"net"
	"sync"
)

// A Listener accepts what it is given. Its methods may be called by several
// goroutines at once.
type Listener struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// New returns a listener that says it has the address.
func New(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Give waits until the connection is accepted, and reports whether it was:
// not when the listener is closed or ctx ends.
func (l *Listener) Give(ctx context.Context, c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.done:
	case <-ctx.Done():
	}
	return false
}

// Done is closed with the listener.
func (l *Listener) Done() <-chan struct{} { return l.done }

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.addr }

// Close implements net.Listener. Connections that were given stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}
