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
		t.Error("accepted a different connection")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if l.Give(ended, there) {
		t.Error("Give succeeded although nothing accepts")
	}
	_, _ = l.Close(), l.Close()
	<-l.Done()
	if l.Give(t.Context(), there) {
		t.Error("Give succeeded on a closed listener")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener returned %v", err)
	}
	if l.Addr() != addr {
		t.Errorf("the address is %v", l.Addr())
	}
}
