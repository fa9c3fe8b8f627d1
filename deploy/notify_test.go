//go:build linux

package deploy

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const sigterm = syscall.SIGTERM

// A notify is the socket at which systemd would learn the state of a service.
type notify struct {
	t    *testing.T
	conn *net.UnixConn
	path string
}

func listenNotify(t *testing.T) *notify {
	t.Helper()
	path := filepath.Join(t.TempDir(), "n")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &notify{t, conn, path}
}

// await waits for a state.
func (n *notify) await(state string) {
	n.t.Helper()
	_ = n.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	packet := make([]byte, 1024)
	for {
		size, err := n.conn.Read(packet)
		if err != nil {
			n.t.Fatalf("waiting for %s: %v", state, err)
		}
		if strings.Contains(string(packet[:size]), state) {
			return
		}
	}
}
