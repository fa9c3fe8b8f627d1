package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// forwardedFor is a service that responds with the address that the proxy reports.
func forwardedFor(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("X-Forwarded-For")) }))
	t.Cleanup(s.Close)
	return s.URL
}

// exchange sends bytes on a new connection, and returns the response's body.
func exchange(t *testing.T, network, address, send string) string {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, send); err != nil {
		return "no response: " + err.Error()
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "no response"
	}
	body, _ := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

// TestProxyProtocol: the client's address comes from the PROXY protocol's header, v1 and v2, which is
// required, and accepted from trusted addresses only.
func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	const v1 = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n"
	v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + "\xc0\x00\x02\x07" + "\xc0\x00\x02\x01" + "\x12\x67\x00\x50"
	for _, c := range []struct {
		name, trusted, header, want string
	}{
		{"v1", "", v1, "200 192.0.2.7"},
		{"v2", "", v2, "200 192.0.2.7"},
		{"without a header", "", "", "no response"},
		{"trusted", "127.0.0.0/8", v1, "200 192.0.2.7"},
		{"not trusted", "10.0.0.0/8", v1, "no response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"proxy", "--upstream", forwardedFor(t), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--proxy-protocol"}
			if c.trusted != "" {
				args = append(args, "--trusted", c.trusted)
			}
			p := spawn(t, nil, args...)
			address := strings.TrimPrefix(p.says(`Proxy +(\S+)`), "http://")
			if got := exchange(t, "tcp", address, c.header+request); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestProxyUnixSocket: clients and the service can be on unix sockets. The socket of a killed proxy is
// replaced, that of a running one is not.
func TestProxyUnixSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "p") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	service, err := net.Listen("unix", filepath.Join(dir, "app"))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	go func() {
		_ = http.Serve(service, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "served") })) //nolint:gosec // a test's
	}()
	socket := filepath.Join(dir, "proxy")
	args := []string{"proxy", "--upstream", "unix://" + filepath.Join(dir, "app"), "--listen", "unix://" + socket, "--admin-listen", "127.0.0.1:0"}
	p := spawn(t, nil, args...)
	p.says(`Metrics +(\S+)`)
	if got := exchange(t, "unix", socket, request); got != "200 served" {
		t.Error(got)
	}
	var log strings.Builder
	if code := run(context.Background(), args, streams{strings.NewReader(""), io.Discard, &log}); code == 0 || !strings.Contains(log.String(), "in use by another process") {
		t.Errorf("a second proxy: %d %s", code, &log)
	}
	_ = p.cmd.Process.Kill()
	_, _ = p.cmd.Process.Wait()
	again := spawn(t, nil, args...)
	again.says(`Metrics +(\S+)`)
	if got := exchange(t, "unix", socket, request); got != "200 served" {
		t.Error(got)
	}
	again.end(syscall.SIGTERM)
}
