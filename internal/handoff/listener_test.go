package handoff

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestListener(t *testing.T) {
	addr := &net.TCPAddr{Port: 7}
	l := New(addr)
	here, there := net.Pipe()
	defer here.Close()
	given := make(chan bool, 1)
	go func() { given <- l.Give(t.Context(), there) }()
	if c, err := l.Accept(); c != there || err != nil {
		t.Errorf("accepted %v, %v", c, err)
	}
	if !<-given {
		t.Error("what was accepted was not given")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if l.Give(ended, there) {
		t.Error("given although nobody accepts")
	}
	_, _ = l.Close(), l.Close()
	<-l.Done()
	if l.Give(t.Context(), there) {
		t.Error("given to a closed listener")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener accepts with %v", err)
	}
	if l.Addr() != addr {
		t.Errorf("its address is %v", l.Addr())
	}
}
