package sidecar_test

import (
	"bufio"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"github.com/tacho-go/tacho/sidecar"
)

var (
	discard = slog.New(slog.DiscardHandler)
	quiet   = log.New(io.Discard, "", 0)
)

// listenRaw starts a server that gets every connection, and closes it afterwards.
func listenRaw(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	return listenRawOn(t, "tcp", "127.0.0.1:0", serve)
}

func listenRawOn(t *testing.T, network, at string, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// startRaw starts a proxy in front of a server that sends these bytes to every request.
func startRaw(t *testing.T, response string, change ...func(*sidecar.Options)) *running {
	t.Helper()
	return startFor(t, "http://"+listenRaw(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, response)
		}
	}), change...)
}
