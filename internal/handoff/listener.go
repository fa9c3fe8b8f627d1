// Package handoff provides a net.Listener whose connections come from function calls: from a
// listener that several servers share, or from a pipe. It depends on the standard library only;
// package server and its tests use it.
package handoff

import (
	"context"
	"net"
	"sync"
)

// A Listener accepts the connections passed to Give. Its methods are safe for concurrent use.
type Listener struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// New returns a listener with the given address.
func New(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Give waits until the connection is accepted. It returns false if the listener is closed or ctx
// ends first.
func (l *Listener) Give(ctx context.Context, c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.done:
	case <-ctx.Done():
	}
	return false
}

// Done is closed when the listener is.
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

// Close implements net.Listener. Connections that were passed on stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}
